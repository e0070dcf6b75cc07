"""What a camera does to a wall: blur, light, noise, sharpening, another size, compression."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.rendering import noise
from crackscan.core.rendering.noise import Field


@dataclass(frozen=True)
class Camera:
    """One camera in one moment; blur and noise apply at the scene's own size."""

    scale: float
    """The scene's size over the picture's."""
    defocus_px: float
    motion_px: float
    motion_angle: float
    exposure: float
    gamma: float
    balance: tuple[float, float, float]
    vignette: float
    shot: float
    read: float
    grain_px: float
    """Over how many pixels the noise is correlated, as after demosaicing and denoising."""
    chroma_px: float
    sharpen: float
    quality: int
    """JPEG quality; 0 leaves the picture uncompressed."""


def draw_camera(rng: np.random.Generator) -> Camera:
    """Draw a camera: most are decent phones, some are small drones in wind."""
    bad = rng.random() < 0.2
    cast = rng.normal(0.0, 0.025, 2)
    return Camera(
        scale=float(
            rng.choice([1.0, rng.uniform(0.65, 1.0), rng.uniform(1.0, 1.5)], p=[0.4, 0.3, 0.3])
        ),
        defocus_px=float(rng.gamma(2.0, 0.55 if bad else 0.24)),
        motion_px=float(rng.uniform(1.5, 9.0)) if rng.random() < (0.4 if bad else 0.08) else 0.0,
        motion_angle=float(rng.uniform(0.0, np.pi)),
        exposure=float(np.exp(rng.normal(0.0, 0.2))),
        gamma=float(np.exp(rng.normal(0.0, 0.15))),
        balance=(float(1 + cast[0]), 1.0, float(1 + cast[1])),
        vignette=float(rng.uniform(0.05, 0.4)) if rng.random() < 0.3 else 0.0,
        shot=float(rng.gamma(1.5, 0.01 if bad else 0.005)),
        read=float(rng.gamma(1.5, 0.005 if bad else 0.0025)),
        grain_px=float(rng.choice([0.0, rng.uniform(0.4, 1.0)])),
        chroma_px=float(rng.uniform(0.5, 2.0)) if rng.random() < 0.5 else 0.0,
        sharpen=float(rng.uniform(0.2, 1.6)) if rng.random() < 0.55 else 0.0,
        quality=int(rng.integers(30, 70) if bad else rng.integers(70, 99))
        if rng.random() < 0.8
        else 0,
    )


def photograph_scene(
    scene: Field, size: int, rng: np.random.Generator, camera: Camera
) -> NDArray[np.uint8]:
    """Photograph a square scene (S, S, 3) float32 in 0..1, RGB, as `size` x `size` uint8 RGB."""
    picture = _blur_and_expose(scene, rng, camera)
    picture = _add_sensor_noise(picture, rng, camera)
    if picture.shape[0] != size:
        shrink = picture.shape[0] > size
        method = cv2.INTER_AREA if shrink else int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
        picture = np.asarray(cv2.resize(picture, (size, size), interpolation=method), np.float32)
    shot = np.asarray(cv2.convertScaleAbs(np.clip(picture, 0.0, 1.0), alpha=255.0), np.uint8)
    return _compress_jpeg(shot, rng, camera.quality) if camera.quality else shot


def _blur_and_expose(scene: Field, rng: np.random.Generator, camera: Camera) -> Field:
    """Defocus and motion, then exposure, colour cast and vignette."""
    picture: Any = scene
    if camera.defocus_px > 0.25:
        picture = cv2.GaussianBlur(
            picture, (0, 0), camera.defocus_px, borderType=cv2.BORDER_REFLECT_101
        )
    if camera.motion_px >= 1.5:
        picture = cv2.filter2D(
            picture, -1, _motion_kernel(camera), borderType=cv2.BORDER_REFLECT_101
        )
    brightness = float(picture[::8, ::8].mean()) + 1e-3
    metered = np.clip(camera.exposure, 0.42 / brightness, 0.82 / brightness)
    exposure = camera.exposure + 0.8 * (metered - camera.exposure)  # as automatic exposure does
    gain = np.array(camera.balance, np.float32) * np.float32(exposure)
    if camera.vignette > 0.0:
        height, width = picture.shape[:2]
        centre = rng.uniform(-0.6, 1.6, 2)
        x = (np.linspace(0, 1, width, dtype=np.float32) - np.float32(centre[0])) ** 2
        y = (np.linspace(0, 1, height, dtype=np.float32) - np.float32(centre[1])) ** 2
        fall = 1.0 - np.float32(camera.vignette) * np.clip(x[None, :] + y[:, None], 0.0, 1.5)
        return np.asarray(picture * noise.colour_field(fall, gain), np.float32)
    return noise.tint_picture(picture, gain)


def _motion_kernel(camera: Camera) -> Field:
    reach = int(np.ceil(camera.motion_px / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    half = (
        0.5
        * camera.motion_px
        * np.array([np.cos(camera.motion_angle), np.sin(camera.motion_angle)])
    )
    for at in np.linspace(-1.0, 1.0, 8 * reach):
        x, y = reach + at * half
        column, row = int(x), int(y)
        right, down = x - column, y - row
        kernel[row : row + 2, column : column + 2] += np.outer((1 - down, down), (1 - right, right))
    return np.asarray(kernel / kernel.sum(), np.float32)


def _add_sensor_noise(picture: Field, rng: np.random.Generator, camera: Camera) -> Field:
    """Noise that grows with the light (shot) and that does not (read), tone, chroma, sharpening."""
    height, width = picture.shape[:2]
    grain: Any = noise.white_noise(rng, height, width, 3)
    if camera.grain_px > 0.3:
        grain = cv2.GaussianBlur(grain, (0, 0), camera.grain_px) * np.float32(1.5 * camera.grain_px)
    deviation = cv2.sqrt(
        np.clip(picture, 0.0, 1.2) * np.float32(camera.shot**2) + np.float32(camera.read**2)
    )
    picture = np.clip(picture + grain * deviation, 0.0, 1.0)
    if abs(camera.gamma - 1.0) > 0.02:
        picture = np.asarray(cv2.pow(picture, camera.gamma), np.float32)
    if camera.chroma_px > 0.0:
        soft = cv2.GaussianBlur(picture, (0, 0), camera.chroma_px)
        picture = soft + noise.colour_field(_to_grey(picture - soft))
    if camera.sharpen > 0.0:
        soft = cv2.GaussianBlur(picture, (0, 0), 0.9)
        picture = picture + np.float32(camera.sharpen) * (picture - soft)
    return np.asarray(picture, np.float32)


def _to_grey(picture: Field) -> Field:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _compress_jpeg(
    picture: NDArray[np.uint8], rng: np.random.Generator, quality: int
) -> NDArray[np.uint8]:
    """JPEG with its block grid at a random offset, since patches are cut from larger pictures."""
    top, left = (int(v) for v in rng.integers(0, 8, 2))
    height, width = picture.shape[:2]
    framed = cv2.copyMakeBorder(picture, top, 0, left, 0, cv2.BORDER_REFLECT_101)
    _, data = cv2.imencode(".jpg", framed[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    cut = decoded[top : top + height, left : left + width, ::-1]
    return np.ascontiguousarray(cut)

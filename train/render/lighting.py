"""The light on a wall: a slope, clouds, stains, a colour cast."""

import cv2
import numpy as np

from crackscan.core.rendering import noise
from crackscan.core.rendering.noise import Field
from crackscan.core.rendering.procedural_walls import draw_spots


def light_wall(rng: np.random.Generator, wall: Field) -> Field:
    """Uneven light over a wall, stains and a colour cast; returns a new picture in 0..1."""
    size = wall.shape[0]
    coarse = max(8, size // 3)
    angle = rng.uniform(0.0, 2 * np.pi)
    ramp = np.linspace(-1.0, 1.0, coarse, dtype=np.float32)
    slope = np.float32(rng.gamma(1.5, 0.04))
    light = 1.0 + slope * (
        np.float32(np.cos(angle)) * ramp[None, :] + np.float32(np.sin(angle)) * ramp[:, None]
    )
    if rng.random() < 0.5:
        cloud = noise.smooth_noise(rng, coarse, coarse, coarse / 3)
        light = light * (1.0 + np.float32(rng.gamma(1.5, 0.02)) * cloud)
    if rng.random() < 0.3:
        stain = draw_spots(rng, coarse, coarse / rng.uniform(3, 8), rng.uniform(0.05, 0.4))
        stain = np.asarray(cv2.GaussianBlur(stain, (0, 0), rng.uniform(0.5, 3.0)), np.float32)
        light = light * (1.0 - np.float32(rng.uniform(-0.1, 0.3)) * stain)
    if rng.random() < 0.45:  # grey walls, dull days, and photographs without colour
        kept = rng.random()
        weights = np.tile((0.3, 0.59, 0.11), (3, 1))
        wall = np.asarray(cv2.transform(wall, kept * np.eye(3) + (1 - kept) * weights), np.float32)
    cast = np.array([1 + rng.normal(0, 0.012), 1.0, 1 + rng.normal(0, 0.012)], np.float32)
    light = np.asarray(cv2.resize(noise.colour_field(light.astype(np.float32), cast), (size, size)))
    return np.clip(wall * light, 0.0, 1.0)

"""How a crack looks: dark inside, lit and broken at its lips, dirty, wet or filled."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from crackscan.core.rendering import noise
from crackscan.train.render.trace import Band, Floats, cover_pixels


@dataclass(frozen=True)
class Look:
    """What one crack is like beside its geometry; shares are of the wall's own brightness."""

    inside: float
    """Brightness left in the middle of a wide stretch."""
    tint: Floats
    """(3,): the interior's colour cast, about 1."""
    light: float
    """Where the light comes from, radians, x right and y down."""
    lip: float
    """Strength of the bright and dark lips, 0 for flat light."""
    lip_px: float
    """How wide the lips are."""
    spall_px: float
    """How far the lips are broken off, 0 for sharp ones."""
    dirt: float
    """Darkening of the wall beside the crack."""
    halo_px: float
    """How far that darkening, the water or the lime reaches."""
    fill: str
    """`void`, `dirt`, `faint`, `sand` or `lime`."""
    lime: float
    """Strength of white efflorescence around the crack."""
    wall: float
    """The share of a wide crack in which its inner wall is seen, from a camera not square to it."""
    chips: float
    """How much of a wide crack is covered by loose bright chips."""


def draw_look(rng: np.random.Generator) -> Look:
    """Draw a look: mostly plain dark cracks, from clear to barely visible."""
    fill = str(
        rng.choice(["void", "dirt", "faint", "sand", "lime"], p=[0.56, 0.2, 0.13, 0.08, 0.03])
    )
    inside = {
        "void": (0.04, 0.4),
        "dirt": (0.25, 0.65),
        "faint": (0.55, 0.85),
        "sand": (0.45, 0.8),
        "lime": (1.15, 1.5),
    }
    warm = (
        0.0
        if fill == "lime"
        else rng.normal(0.0, 0.035) + (0.08 if fill in ("dirt", "faint", "sand") else 0.0)
    )
    return Look(
        inside=float(rng.uniform(*inside[fill])),
        tint=np.array([1 + warm, 1 + 0.3 * warm, 1 - warm], np.float32),
        light=float(rng.uniform(-np.pi, np.pi)),
        lip=float(rng.uniform(0.08, 0.7)) if rng.random() < 0.55 else 0.0,
        lip_px=float(np.exp(rng.uniform(np.log(0.7), np.log(4.0)))),
        spall_px=float(rng.uniform(1.0, 7.0)) if rng.random() < 0.3 else 0.0,
        dirt=float(rng.uniform(0.04, 0.3)) if rng.random() < 0.4 else 0.0,
        halo_px=float(np.exp(rng.uniform(np.log(1.5), np.log(25.0)))),
        fill=fill,
        lime=float(rng.uniform(0.1, 0.7)) if rng.random() < 0.07 else 0.0,
        wall=float(rng.uniform(0.1, 0.6)) if rng.random() < 0.4 else 0.0,
        chips=float(rng.uniform(0.1, 0.5)) if rng.random() < 0.12 else 0.0,
    )


def draw_joint_look(rng: np.random.Generator) -> Look:
    """Draw the look of a shallow joint between boards or days of concreting: soft and even."""
    return replace(
        draw_look(rng),
        inside=float(rng.uniform(0.35, 0.93)),
        spall_px=0.0,
        fill="faint",
        lime=0.0,
        chips=0.0,
    )


def reach_px(look: Look) -> float:
    """How far beside a crack `paint` needs its bands traced."""
    lip_px = 2.0 * look.lip_px if look.lip > 0.0 else 0.0
    return max(look.spall_px * 1.3 + 1.5, lip_px + 1.0)


def paint_cracks(
    picture: Floats, bands: list[Band], rng: np.random.Generator, look: Look
) -> Floats:
    """Paint traced cracks on a picture (H, W, 3) float32 in 0..1; returns a new one.

    Everything is taken from the wall's own colour at the place, so that a crack in shadow is darker
    than one in the light; what lies beside the crack is painted first, the void over it.
    """
    height, width = picture.shape[:2]
    wall = picture.copy()
    if look.dirt > 0.0 or look.lime > 0.0:
        wall = _paint_halo(wall, cover_pixels(bands, height, width), rng, look)
    flat = wall.reshape(-1, 3)
    grain = noise.white_noise(rng, height, width).reshape(-1)
    rough = noise.smooth_noise(rng, height, width, 3.0).reshape(-1)
    broken = noise.smooth_noise(rng, height, width, 14.0).reshape(-1)
    for band in bands:
        _paint_lips(flat, band, rng, look, rough, broken)
    for band in bands:
        _paint_void(flat, band, rng, look, grain, rough)
    return np.clip(flat.reshape(height, width, 3), 0.0, 1.0)


def _paint_halo(wall: Floats, cover: Floats, rng: np.random.Generator, look: Look) -> Floats:
    height, width = cover.shape
    step = 2 if look.halo_px > 4 else 1
    small = cv2.resize(cover, (width // step, height // step), interpolation=cv2.INTER_AREA)
    soft: Any = cv2.GaussianBlur(small, (0, 0), look.halo_px / step, borderType=cv2.BORDER_REFLECT)
    soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    soft = soft / max(
        float(np.quantile(soft[cover > 0.05], 0.7)) if (cover > 0.05).any() else 1.0, 1e-3
    )
    patchy = 0.75 + 0.5 * noise.octave_noise(rng, height, width, 40.0, 5.0, 0.7)
    amount = np.clip(soft, 0.0, 1.2) * np.clip(patchy, 0.0, 1.5)
    if look.dirt > 0.0:
        brown = np.array([0.92, 1.0, 1.1], np.float32) ** np.float32(rng.uniform(-0.3, 1.2))
        dark = np.clip(amount * look.dirt, 0, 0.6)
        wall = wall * cv2.merge([1.0 - dark * b for b in brown])
    if look.lime > 0.0:
        patch = np.clip(noise.octave_noise(rng, height, width, 60.0, 8.0, 0.7) + 0.3, 0.0, 1.0)
        share = noise.colour_field(np.clip(1.5 * soft * patch * look.lime, 0.0, 0.85))
        white = np.array([0.9, 0.9, 0.88], np.float32) * np.float32(rng.uniform(0.9, 1.05))
        wall = wall + share * (np.maximum(white, wall) - wall)
    return np.asarray(wall, np.float32)


def _paint_lips(
    flat: Floats,
    band: Band,
    rng: np.random.Generator,
    look: Look,
    rough: Floats,
    broken: Floats,
) -> None:
    """Broken-off edges, and the bright and the dark lip that light from the side makes."""
    inward = np.abs(band.across)
    outside = inward - band.half
    side = np.sign(band.across)
    facing = side * (
        band.normal[:, 0] * np.cos(look.light) + band.normal[:, 1] * np.sin(look.light)
    )
    shade = np.ones(len(band.pixel), np.float32)
    if look.spall_px > 0.0:
        noise_here = broken[band.pixel] + 0.35 * side * rng.choice([-1, 1])
        reach = look.spall_px * np.clip(noise_here - 0.35, 0.0, 1.3) + 0.5 * rough[band.pixel]
        chipped = np.clip(reach - outside, 0.0, 1.0) * (reach > 0.4)
        rim = np.clip(1.0 - np.abs(reach - outside) / 1.2, 0.0, 1.0) * (reach > 0.6)
        slope = -facing  # a broken lip falls towards the crack
        fresh = 1.0 + 0.16 * slope + 0.1 * rough[band.pixel] + 0.05 * np.float32(rng.normal())
        shade *= 1.0 + chipped * (fresh - 1.0) + 0.22 * rim * facing
    if look.lip > 0.0:
        reach = rng.uniform(0.7, 1.8) * np.clip(0.6 + 0.5 * broken[band.pixel], 0.4, 2.0)
        near = np.clip(look.lip_px / 1.2 * reach - np.maximum(outside, 0.0) + 0.5, 0.0, 1.0)
        strength = look.lip * np.minimum(1.0, 0.3 + band.half / 2.0)
        patchy = np.clip(0.7 + 0.6 * rough[band.pixel], 0.0, 1.6)
        shade *= 1.0 + near * strength * patchy * np.where(facing < 0, -facing, -0.6 * facing)
    flat[band.pixel] *= shade[:, None].astype(np.float32)


def _paint_void(
    flat: Floats,
    band: Band,
    rng: np.random.Generator,
    look: Look,
    grain: Floats,
    rough: Floats,
) -> None:
    """The opening itself: deeper in the middle, darker under the bank towards the light."""
    count = int(band.vertex.max()) + 1
    slow = noise.noise_sequence(rng, count, 25.0) + 0.6 * noise.noise_sequence(rng, count, 4.0)
    inward = np.abs(band.across)
    depth = np.clip((band.half - inward) / np.maximum(band.half, 0.4), 0.0, 1.0)
    wide = np.clip(band.half / 3.0, 0.0, 1.0)
    left = np.float32(look.inside) + np.zeros_like(inward)
    if look.wall > 0.0:
        tilted = band.normal[:, 0] * np.sin(look.light) - band.normal[:, 1] * np.cos(look.light)
        depth_side = band.across / np.maximum(band.half, 0.5) * np.sign(tilted)
        bank = np.clip((depth_side - 1.0 + 2.0 * look.wall * np.abs(tilted)) * 4.0, 0.0, 1.0)
        left = left + 0.35 * wide * bank * (1.0 - left)
    if look.chips > 0.0:
        chip = np.clip((rough[band.pixel] + 0.4 * slow[band.vertex] - 1.4 + look.chips) * 3, 0, 1)
        left = left + wide * chip * np.maximum(0.95 - left, 0.0)
    if look.fill != "lime":
        left = left * (1.0 + 0.35 * wide * (1.0 - 1.6 * depth))
        side = np.sign(band.across)
        facing = side * (
            band.normal[:, 0] * np.cos(look.light) + band.normal[:, 1] * np.sin(look.light)
        )
        left = left * (1.0 + 0.45 * wide * facing * (1.0 - depth) * min(2 * look.lip, 1.0))
    spread = {"void": 0.18, "dirt": 0.3, "faint": 0.15, "sand": 0.3, "lime": 0.2}[look.fill]
    left = left * np.exp(spread * slow[band.vertex])
    left = left + (0.05 * rough[band.pixel] + 0.03 * grain[band.pixel]) * wide
    left = np.clip(left, 0.02, 0.9 if look.fill != "lime" else 1.8)
    ragged = band.cover
    if float(band.half.max()) > 1.5:  # grains break the edge of a wide crack
        ragged = np.clip(ragged + 0.22 * grain[band.pixel] * (ragged * (1 - ragged) * 4), 0.0, 1.0)
    colour = left[:, None] * look.tint
    flat[band.pixel] *= (1.0 + ragged[:, None] * (colour - 1.0)).astype(np.float32)

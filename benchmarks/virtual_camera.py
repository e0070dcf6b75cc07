"""A virtual camera over large pictures of walls: known path, known cracks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.tracking.motion import Matrix

Labels = NDArray[np.int32]

WIDTH, HEIGHT, RATE_FPS = 640, 480, 15.0
MIDDLE = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2, 1.0])
MARK_PX = 24
"""A cell whose middle is this near to a crack shows it."""
_JOIN_PX = 25
"""Gaps in a mask that the eye closes."""
_LEAST_CRACK_PX = 48
_COARSE = 4
_SHUTTER = 0.4
"""Share of the frame's time in which the shutter is open."""
_NOISE, _QUALITY = 3.0, 85


@dataclass(frozen=True, eq=False)
class WallPicture:
    """A large picture of a wall, with its cracks numbered from 1."""

    name: str
    rgb: RGB
    cracks: Labels
    """At a quarter of the picture's size."""
    marks: Labels
    """The same, grown by MARK_PX."""


def walls(data: Path, count: int, seed: int) -> Iterator[WallPicture]:
    """Half of them with the cracks of DeepCrack's masks, half made of photographs without any.

    Pictures are mirrored two by two, which makes no seam, and set side by side.
    """
    rng = np.random.default_rng(seed)
    close_ups = sorted((data / "deepcrack_dev" / "images").glob("*.jpg"))
    listed = json.loads(
        (Path(__file__).parents[1] / "train" / "data" / "field_photos.json").read_text()
    )
    intact = [photo["file"] for photo in listed["photos"] if photo["crack_free"]]
    for number in range((count + 1) // 2):
        blocks, masks = [], []
        for i in rng.choice(len(close_ups), 3, replace=False):
            path = close_ups[i]
            mask = read_picture(data / "deepcrack_dev" / "masks" / f"{path.stem}.png")[:, :, 0]
            blocks.append(_mirrored(_resized(read_picture(path), 544, 384)))
            masks.append(_mirrored(np.where(_resized(mask, 544, 384) > 127, 1, 0)))
        yield _wall(f"cracked {number}", np.concatenate(blocks, 1), np.concatenate(masks, 1))
    for number in range(count // 2):
        paths = [data / "field_photos" / intact[i] for i in rng.choice(len(intact), 2, False)]
        rgb = np.concatenate([_mirrored(_resized(read_picture(p), 768, 512)) for p in paths], 1)
        yield _wall(f"intact {number}", rgb, np.zeros(rgb.shape[:2], np.uint8))


def path(wall: WallPicture, speed_px: float, rng: np.random.Generator) -> Iterator[Matrix]:
    """The camera's pose for each frame: (3, 3), frame px to wall px.

    One row, down, and back along another, at `speed_px` a frame; now and then three times as fast,
    hardly at all, or back a little. The hand trembles (fast) and wanders (slowly) in all four
    degrees of freedom.
    """
    height, width = wall.rgb.shape[:2]
    low = np.array([WIDTH / 2 + 20, HEIGHT / 2 + 20])
    high = np.array([width, height]) - low
    corners = [low, np.array([high[0], low[1]]), high, np.array([low[0], high[1]])]
    tremble, wander, pace = np.zeros(4), np.zeros(4), 1.0
    for start, end in pairwise(corners):
        way = float(np.hypot(*(end - start)))
        gone_px = 0.0
        while gone_px < way:
            if rng.random() < 0.06:
                pace = rng.choice([1.0, 1.0, 1.0, 0.2, 3.0, -0.6])
            gone_px = float(np.clip(gone_px + pace * speed_px, 0, way))
            tremble = 0.6 * tremble + rng.normal(0, 1, 4) * (1.5, 1.5, 0.003, 0.003)
            wander = 0.98 * wander + rng.normal(0, 1, 4) * (1.0, 1.0, 0.003, 0.003)
            turn, zoom = tremble[2:] + wander[2:]
            at = start + (end - start) * (gone_px / way) + tremble[:2] + wander[:2]
            c, s = np.exp(zoom) * np.cos(turn), np.exp(zoom) * np.sin(turn)
            x, y = at - np.array([[c, -s], [s, c]]) @ MIDDLE[:2]
            yield np.array([[c, -s, x], [s, c, y], [0, 0, 1]])


def shoot(wall: WallPicture, pose: Matrix, before: Matrix, rng: np.random.Generator) -> RGB:
    """What the camera sees, smeared in proportion to its way since `before`."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(
        wall.rgb, pose[:2], (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REFLECT_101
    )
    way = ((pose - before) @ MIDDLE)[:2] * _SHUTTER
    if np.hypot(*way) > 1.5:
        side = int(np.hypot(*way)) // 2 * 2 + 3
        ends = [((side - 1) / 2 + half * way).round().astype(int) for half in (-0.5, 0.5)]
        kernel = cv2.line(
            np.zeros((side, side), np.uint8),
            ends[0].tolist(),
            ends[1].tolist(),
            255,
            1,
            cv2.LINE_AA,
        ).astype(np.float32)
        seen = cv2.filter2D(seen, -1, kernel / kernel.sum())
    grain = rng.standard_normal((HEIGHT, WIDTH, 3), np.float32) * np.float32(_NOISE)
    lit = np.clip(seen * np.float32(1 + rng.normal(0, 0.03)) + grain, 0, 255).astype(np.uint8)
    bgr = np.ascontiguousarray(lit[:, :, ::-1])
    jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    again = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(again[:, :, ::-1])


def under_cells(labels: Labels, pose: Matrix, cell_px: int) -> Labels:
    """The crack under the middle of each cell of a frame, (rows, cols); 0 for none."""
    rows, cols = -(-HEIGHT // cell_px), -(-WIDTH // cell_px)
    y, x = (np.mgrid[:rows, :cols] + 0.5) * cell_px
    at = pose @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)]) / _COARSE
    col = np.clip(at[0], 0, labels.shape[1] - 1).astype(int)
    row = np.clip(at[1], 0, labels.shape[0] - 1).astype(int)
    under: Labels = labels[row, col].reshape(rows, cols)
    return under


def _resized(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _mirrored(picture: NDArray[np.generic]) -> NDArray[np.uint8]:
    row = np.concatenate([picture, picture[:, ::-1]], 1)
    return np.concatenate([row, row[::-1]], 0).astype(np.uint8)


def _wall(name: str, rgb: RGB, mask: NDArray[np.uint8]) -> WallPicture:
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((_JOIN_PX, _JOIN_PX), np.uint8))
    height, width = mask.shape
    small = cv2.resize(joined, (width // _COARSE, height // _COARSE))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(small, connectivity=8)
    labels[(stats[:, 2:4].max(axis=1) * _COARSE < _LEAST_CRACK_PX)[labels]] = 0
    reach = 2 * (MARK_PX // _COARSE) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    marks = cv2.dilate(labels.astype(np.float32), disc).astype(np.int32)
    return WallPicture(name, np.ascontiguousarray(rgb), labels.astype(np.int32), marks)

"""How far scales are from true ones, and how often their 90 % interval holds the truth."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.convert.scale_renderings import CameraPose, photograph_board, pose_at
from crackscan.edge.measurement.interval import NORMAL_90
from crackscan.edge.measurement.scale.charuco_board import GAUGE, SHEET, CharucoBoard
from crackscan.edge.measurement.scale.lens import Lens, assume_lens, build_pinhole_lens
from crackscan.edge.measurement.scale.parameters import PARAMETERS
from crackscan.edge.measurement.scale.plane_fit import detect_target
from crackscan.edge.measurement.scale.settings import TwoPoints, WallDistance
from crackscan.edge.measurement.scale.wall_plane import WallPlane, assume_plane, plane_from_points

WIDTH, HEIGHT = 640, 480
PLACES = 12
"""Places on the wall, anywhere in the frame, at which each scale is compared."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """A way to a scale, and what the virtual camera is put through for it."""

    name: str
    board: CharucoBoard | None
    calibrated: bool
    view: "Callable[[np.random.Generator, Shot], WallPlane | None]"


@dataclass(frozen=True, eq=False)
class Shot:
    """What is true of one picture."""

    lens: Lens
    pose: CameraPose
    board: CharucoBoard


@dataclass(frozen=True)
class ScaleFigures:
    """What one way comes to; errors relative to the true scale."""

    way: str
    pictures: int
    found: int
    """Pictures that got a scale."""
    median_error: float
    p95_error: float
    bias: float
    coverage: float
    """Share of the places where the 90 % interval holds the truth."""
    uncertainty: float
    """Median half-width of that interval."""


def measure_scales(count: int, seed: int, progress: Callable[[], object]) -> list[ScaleFigures]:
    """Each way with `count` pictures of its own; the same arguments give the same figures."""
    found_lens = []
    for number, way in enumerate(WAYS):
        rng = np.random.default_rng([seed, number])
        rows, found = [], 0
        for _ in range(count):
            shot = _draw_shot(rng, way)
            view = way.view(rng, shot)
            if view is not None:
                found += 1
                rows.append(_compare_scale(rng, view, shot))
            progress()
        found_lens.append(
            _summarize_errors(way.name, count, found, np.concatenate(rows or [np.empty((0, 2))]))
        )
    return found_lens


def _draw_shot(rng: np.random.Generator, way: Way) -> Shot:
    """An ordinary lens, strongly bent where it is calibrated, and a pose.

    Targets lean by up to 35° and fill a quarter to all of the frame's width, gauges, whose markers
    are smaller, two fifths; without a target the lean is what the uncertainty speaks of.
    """
    focal_px = float(rng.uniform(0.75, 1.3)) * WIDTH
    k1 = (
        float(rng.uniform(-0.3, 0.1))
        if way.calibrated
        else float(rng.normal(0, PARAMETERS.unknown_distortion / NORMAL_90))
    )
    middle = (WIDTH - 1) / 2 + rng.normal(0, 4), (HEIGHT - 1) / 2 + rng.normal(0, 4)
    bend = (k1, -0.3 * k1, 0.0, 0.0, 0.0)
    lens = Lens(WIDTH, HEIGHT, focal_px, focal_px, *middle, 0.005, "virtual", bend)
    board = way.board or SHEET
    tilt = PARAMETERS.unknown_tilt_deg / NORMAL_90 * rng.normal()
    if way.board is not None:
        tilt = rng.uniform(0, 35)
    return Shot(
        lens,
        pose_at(
            rng, board, lens, float(rng.uniform(0.4 if board is GAUGE else 0.25, 1.0)), float(tilt)
        ),
        board,
    )


def _by_target(rng: np.random.Generator, shot: Shot, lens: Lens | None) -> WallPlane | None:
    rgb = photograph_board(
        rng,
        shot.board,
        shot.lens,
        shot.pose,
        blur_px=float(rng.uniform(0.4, 1.5)),
        noise=float(rng.uniform(0, 4)),
        quality=int(rng.integers(75, 96)),
    )
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    return detect_target(grey, lens)


def _scale_of_board(rng: np.random.Generator, shot: Shot) -> WallPlane | None:
    return _by_target(rng, shot, None)


def _scale_of_calibrated_lens(rng: np.random.Generator, shot: Shot) -> WallPlane | None:
    return _by_target(rng, shot, shot.lens)


def _scale_of_distance(rng: np.random.Generator, shot: Shot) -> WallPlane:
    """A distance and a focal length as wrong as they may be."""
    axis = np.array([[(WIDTH - 1) / 2, (HEIGHT - 1) / 2]])
    place = np.append(shot.pose.on_wall(axis, shot.lens)[0], 0.0)
    metres = float((shot.pose.rotation @ place + shot.pose.shift_mm)[2]) / 1000
    off, focal_off = rng.normal(0, 1 / NORMAL_90, 2)
    share = 0.03
    found_lens = build_pinhole_lens(
        WIDTH, HEIGHT, shot.lens.focal_px * (1 + share * float(focal_off)), share, "table"
    )
    return assume_plane(WallDistance(metres * (1 + 0.05 * float(off)), 0.05 * metres), found_lens)


def _scale_of_points(rng: np.random.Generator, shot: Shot) -> WallPlane:
    """Two clicks as wrong as they may be, 120 to 400 px apart."""
    first = rng.uniform((40, 40), (WIDTH - 40, HEIGHT - 40))
    second = first
    while not 120 < np.hypot(*(second - first)) < 400:
        second = rng.uniform((40, 40), (WIDTH - 40, HEIGHT - 40))
    mm = shot.pose.on_wall(np.stack([first, second]), shot.lens)
    length = float(np.hypot(*(mm[1] - mm[0]))) * (
        1 + PARAMETERS.length_share / NORMAL_90 * rng.normal()
    )
    clicks = np.concatenate([first, second]) + rng.normal(0, PARAMETERS.click_px / NORMAL_90, 4)
    x1, y1, x2, y2 = clicks.tolist()
    return plane_from_points(TwoPoints(x1, y1, x2, y2, length), assume_lens(WIDTH, HEIGHT))


WAYS = (
    Way("sheet, lens calibrated", SHEET, True, _scale_of_calibrated_lens),
    Way("sheet, lens unknown", SHEET, False, _scale_of_board),
    Way("gauge, lens unknown", GAUGE, False, _scale_of_board),
    Way("two points", None, False, _scale_of_points),
    Way("distance ± 5 %", None, False, _scale_of_distance),
)


def _compare_scale(rng: np.random.Generator, view: WallPlane, shot: Shot) -> Floats:
    """Error and uncertainty (PLACES, 2), relative, at places anywhere in the frame."""
    places = rng.uniform((0, 0), (WIDTH - 1, HEIGHT - 1), (PLACES, 2))
    true = shot.pose.mm_per_px(shot.pose.on_wall(places, shot.lens), shot.lens)
    rows = []
    for (x, y), truth in zip(places.tolist(), true.tolist(), strict=True):
        scale = view.estimate_scale_at(x, y)
        if scale is not None:
            error = scale.mm_per_px / truth - 1
            rows.append((error, scale.relative_uncertainty * scale.mm_per_px / truth))
    return np.array(rows, np.float64).reshape(-1, 2)


def _summarize_errors(name: str, count: int, found: int, rows: Floats) -> ScaleFigures:
    error, uncertainty = rows.T
    if not len(error):
        return ScaleFigures(name, count, found, *([float("nan")] * 5))
    return ScaleFigures(
        name,
        count,
        found,
        float(np.median(np.abs(error))),
        float(np.percentile(np.abs(error), 95)),
        float(np.median(error)),
        float((np.abs(error) <= uncertainty).mean()),
        float(np.median(uncertainty)),
    )

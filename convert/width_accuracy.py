"""How far measured widths are from true ones: on renderings, and on pictures with masks."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import process_time

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from crackscan.convert.width_figures import Compared, mean_of
from crackscan.convert.width_renderings import Rendering, Setting, draw_setting, render_crack
from crackscan.core.cells import CELL_PX
from crackscan.core.dataset.index import Item, read_index
from crackscan.core.dataset.patches import crack_mask
from crackscan.core.errors import DataError
from crackscan.core.pictures import RGB, read_picture
from crackscan.core.skeleton import half_width, length_px, skeletonize_mask
from crackscan.edge.measurement.width import CrackMeasure, ToneCurve, measure_crack

WIDTHS_PX = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
BLURS_PX = (0.5, 1.0, 1.5, 2.0)
EVEN_PX = 6.0
"""True widths are averaged over so much of the crack, about as the measurement does."""
Floats = NDArray[np.float64]


def on_renderings(
    count: int, seed: int, walls: Sequence[RGB], tone: ToneCurve, progress: Callable[[], object]
) -> list[Compared]:
    """Measure `count` renderings, spread evenly over all widths and blurs."""
    rng = np.random.default_rng(seed)
    cracks = []
    for number in range(count):
        cell = number % (len(WIDTHS_PX) * len(BLURS_PX))
        width, blur = WIDTHS_PX[cell // len(BLURS_PX)], BLURS_PX[cell % len(BLURS_PX)]
        drawn = render_crack(
            draw_setting(rng, width, blur, tone), seed + number, walls=walls, tone=tone
        )
        cracks.append(_against_drawing(drawn, f"rendering {seed + number}", tone))
        progress()
    return cracks


def on_folder(
    root: Path, tone: ToneCurve, progress: Callable[[Sequence[Item]], Iterable[Item]]
) -> list[Compared]:
    """Measure the pictures of a folder (images/, masks/) in the cells that their masks cover.

    Where the folder has a lines.jsonl, as `crackscan-train render` writes it, widths are compared
    with its exact lines; else with the masks: the width there is twice the distance of the middle
    line from the edge, the mean width the mask's area over the length of its middle line.
    """
    index = read_index(root)
    if not index.has_masks:
        raise DataError(f"{root} has no masks/: widths are measured against masks")
    exact = _exact_lines(root)
    cracks = []
    for item in progress(index.items):
        if item.mask is None:
            continue
        rgb = read_picture(index.root / item.path)
        mask = crack_mask(index.root / item.mask, rgb)
        cells = _covered_cells(mask)
        if cells.any():
            lines = exact.get(item.path)
            compared = _against_mask(item.path, rgb, mask, cells, lines, tone)
            cracks += [compared] if compared else []
    return cracks


def _exact_lines(root: Path) -> dict[str, list[Floats]]:
    """The true lines (n, 3), x, y and width, of each picture, by its path in the folder."""
    path = root / "lines.jsonl"
    if not path.is_file():
        return {}
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {
        f"images/{record['image']}": [np.array(line, np.float64) for line in record["lines"]]
        for record in records
    }


def _against_drawing(drawn: Rendering, name: str, tone: ToneCurve) -> Compared:
    measure, seconds = _time_measurement(drawn.rgb, drawn.cells, tone)
    points = _measured_points(measure)
    line = _average_widths(drawn.line.astype(np.float64))
    true, near = _nearest_width(line, points)
    return _compare_width(
        name,
        drawn.setting,
        points,
        true,
        near,
        measure,
        seconds,
        drawn.cells,
        float(line[:, 2].mean()),
        _line_length(line),
    )


def _against_mask(
    name: str,
    rgb: RGB,
    mask: NDArray[np.bool_],
    cells: NDArray[np.bool_],
    exact: list[Floats] | None,
    tone: ToneCurve,
) -> Compared | None:
    measure, seconds = _time_measurement(rgb, cells, tone)
    points = _measured_points(measure)
    if exact:
        lines = [_average_widths(line) for line in exact]
        line = np.concatenate(lines)
        length = sum(_line_length(piece) for piece in lines)
        mean = float(line[:, 2].mean())
    else:
        middle = skeletonize_mask(mask)
        y, x = np.nonzero(middle)
        # The distance is to the next pixel's centre, half a pixel beyond the edge.
        line = np.column_stack([x, y, 2 * half_width(mask)[y, x] - 0.5])
        length = length_px(middle)
        if not length:
            return None
        mean = float(mask.sum()) / length
    true, near = _nearest_width(line, points)
    return _compare_width(name, None, points, true, near, measure, seconds, cells, mean, length)


def _compare_width(
    name: str,
    setting: Setting | None,
    points: Floats,
    true: Floats,
    near: NDArray[np.bool_],
    measure: CrackMeasure,
    seconds: float,
    cells: NDArray[np.bool_],
    mean: float,
    length: float,
) -> Compared:
    return Compared(
        name=name,
        setting=setting,
        true_px=true[near],
        measured_px=points[near, 2],
        uncertainty_px=points[near, 3],
        true_mean_px=mean,
        measured_mean_px=mean_of(points[np.isfinite(points[:, 2]), 2]),
        length_ratio=measure.length_px / length,
        astray=1 - mean_of(near) if len(near) else 0.0,
        cells=int(cells.sum()),
        seconds=seconds,
    )


def _time_measurement(
    rgb: RGB, cells: NDArray[np.bool_], tone: ToneCurve
) -> tuple[CrackMeasure, float]:
    """The measure of the cells, and the processor time it took on one core."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        start = process_time()
        measure = measure_crack(rgb, cells, CELL_PX, tone)
        seconds = process_time() - start
    cv2.setNumThreads(threads)
    return measure, seconds


def _measured_points(measure: CrackMeasure) -> Floats:
    lines = [branch.line for branch in measure.branches]
    return np.concatenate(lines).astype(np.float64) if lines else np.zeros((0, 4))


def _nearest_width(line: Floats, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The width (n,) of the true line at its place nearest to each point, and whether it is near.

    Near is: within 2 px or half the width there.
    """
    true, near = np.zeros(len(points)), np.zeros(len(points), np.bool_)
    for start in range(0, len(points), 256):
        part = np.s_[start : start + 256]
        gap = points[part, None, :2] - line[None, :, :2]
        distance = np.hypot(gap[..., 0], gap[..., 1])
        at = distance.argmin(axis=1)
        true[part] = line[at, 2]
        near[part] = distance.min(axis=1) < np.maximum(2, line[at, 2] / 2)
    return true, near


def _average_widths(line: Floats) -> Floats:
    """A true line with its widths averaged over about EVEN_PX of its length."""
    step = max(_line_length(line) / max(len(line) - 1, 1), 1e-3)
    radius = min(round(EVEN_PX / 2 / step), (len(line) - 1) // 2)
    padded = np.pad(line[:, 2], radius, mode="edge")
    width = np.convolve(padded, np.full(2 * radius + 1, 1 / (2 * radius + 1)), "valid")
    return np.column_stack([line[:, :2], width])


def _line_length(line: Floats) -> float:
    step = np.diff(line[:, :2], axis=0)
    return float(np.hypot(step[:, 0], step[:, 1]).sum())


def _covered_cells(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The cells that hold some of the mask."""
    rows, columns = mask.shape[0] // CELL_PX, mask.shape[1] // CELL_PX
    whole = mask[: rows * CELL_PX, : columns * CELL_PX]
    return np.asarray(whole.reshape(rows, CELL_PX, columns, CELL_PX).any(axis=(1, 3)))

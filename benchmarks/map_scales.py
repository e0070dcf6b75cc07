"""At which scales should photographs be scanned? Counts cracks found and false alarms.

python benchmarks/map_scales.py ../shared/data prints, for DeepCrack's development photographs at
other sizes, which share of the cracked and of the intact cells (16 px) is found at several sets of
scales, and how many findings a photograph touch no crack; and for the field photographs of other
defects the findings.
"""

import argparse
from collections.abc import Iterator
from math import ceil
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.detection.finding import Finding, Rule
from crackscan.edge.detection.multiscale import (
    PARAMETERS,
    ScaleDetection,
    detect_at_scale,
    merge_scales,
    refine_coarse,
    resize_to_scale,
)
from crackscan.edge.inference.model import Model

SETS = ((1.0,), (1.0, 0.25), (0.5, 0.125), (2.0,), (2.0, 0.5))
SIZES = {0.25: 70, 0.5: 70, 1.0: 70, 2.0: 20, 4.0: 10}
"""Factors of size, and how many photographs are taken at each."""
MOST_PX = 8_000_000
Mask = NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="crack-s")
    parser.add_argument("--sizes", type=float, nargs="*", default=list(SIZES))
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    model = Model.load(arguments.model, threads=1)
    rule = Rule.of(model.card)
    print(f"{model.card.name} {model.card.version}")
    for size in arguments.sizes:
        counts = {scales: np.zeros(6, np.int64) for scales in SETS}
        for rgb, truth in read_deepcrack(
            arguments.data / "deepcrack_dev", size, SIZES.get(size, 20)
        ):
            for scales, cracks in cracks_of(model, rule, rgb).items():
                counts[scales] += judge_cells(cracks, truth)
        print(f"DeepCrack at {size} of its size")
        format_table(counts)
    field = {scales: np.zeros(2, np.int64) for scales in SETS}
    pictures = 0
    for path in sorted((arguments.data / "field_photos").glob("*.jpg")):
        if "crack" in path.name and "non-cracked" not in path.name:
            continue
        rgb = read_picture(path)
        if rgb.shape[0] * rgb.shape[1] > MOST_PX / 4:
            continue
        pictures += 1
        for scales, cracks in cracks_of(model, rule, rgb).items():
            field[scales] += (bool(cracks), len(cracks))
    print(f"{pictures} field photographs of other defects (some do show cracks)")
    for scales, (alarmed, count) in field.items():
        print(f"  {scales!s:14} alarmed {alarmed:3d}, findings {count:4d}")


def cracks_of(model: Model, rule: Rule, rgb: RGB) -> dict[tuple[float, ...], list[Finding]]:
    """For each set of scales, the cracks."""
    height, width = rgb.shape[:2]
    shape = ceil(height / 16), ceil(width / 16)
    by_scale: dict[float, ScaleDetection] = {}
    for scale in {one for scales in SETS for one in scales}:
        enlarged = height * width * scale**2 > MOST_PX
        if min(height, width) * scale >= PARAMETERS.least_px / 2 and not enlarged:
            small = resize_to_scale(rgb, height, width, scale)
            by_scale[scale] = detect_at_scale(model, rule, small, scale, shape)
    found = {}
    for scales in SETS:
        detections = [by_scale[one] for one in scales if one in by_scale]
        if len(detections) == 2:
            detections[1] = refine_coarse(
                detections[1], detections[0], max(round(1 / scales[1]), 1)
            )
        found[scales] = merge_scales(detections, width, height, 16) if detections else []
    return found


def judge_cells(cracks: list[Finding], truth: Mask) -> NDArray[np.int64]:
    """Cracked squares found (a square beside counts), cracked ones, false ones, intact ones,
    findings that touch no crack, photographs.
    """
    found = np.zeros(truth.shape, np.bool_)
    near, far = (cv2.dilate(truth.astype(np.uint8), np.ones((n, n), np.uint8)) > 0 for n in (3, 5))
    away = 0
    for crack in cracks:
        places = tuple(np.array(crack.cells).T)
        found[places] = True
        away += not far[places].any()
    reach = cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    squares = (truth & reach).sum(), truth.sum(), (found & ~near).sum(), (~near).sum()
    return np.array([*squares, away, 1], np.int64)


def read_deepcrack(folder: Path, size: float, most: int) -> Iterator[tuple[RGB, Mask]]:
    """Photographs at another size, each with its cracked squares."""
    paths = sorted((folder / "images").iterdir())
    for path in paths[:: max(len(paths) // most, 1)][:most]:
        rgb = read_picture(path)
        mask = read_picture(folder / "masks" / f"{path.stem}.png")[:, :, 0] > 127
        if size != 1:
            way = cv2.INTER_AREA if size < 1 else cv2.INTER_CUBIC
            sides = round(rgb.shape[1] * size), round(rgb.shape[0] * size)
            rgb = np.asarray(cv2.resize(rgb, sides, interpolation=way), np.uint8)
        y, x = np.nonzero(mask)
        truth = np.zeros((ceil(rgb.shape[0] / 16), ceil(rgb.shape[1] / 16)), np.bool_)
        truth[(y * size // 16).astype(int), (x * size // 16).astype(int)] = True
        yield rgb, truth


def format_table(counts: dict[tuple[float, ...], NDArray[np.int64]]) -> None:
    for scales, (hits, cracked, false, intact, away, pictures) in counts.items():
        print(
            f"  {scales!s:14} found {hits / max(cracked, 1):.3f}, "
            f"false squares {false / max(intact, 1):.4f}, "
            f"findings away from cracks {away / max(pictures, 1):.3f} a photograph"
        )


if __name__ == "__main__":
    main()

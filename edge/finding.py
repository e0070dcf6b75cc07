"""From the cells of one frame's crack map to findings: connected pieces of crack."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.edge.frame import Frame

CrackMap = NDArray[np.float32]

WEAK_SHARE = 0.5
"""A cell of this share of the threshold belongs to a finding that a stronger cell began."""


@dataclass(frozen=True)
class Box:
    """A rectangle in a frame, pixels; right and bottom are just outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Finding:
    """One connected piece of crack in one frame."""

    frame: str
    """The frame's name."""
    frame_index: int
    clip_s: float | None
    """Time in the video file, where the frame comes from one."""
    wall_s: float
    """Unix time at which the frame was read."""
    box: Box
    cells: tuple[tuple[int, int], ...]
    """(row, column) of its cells in the crack map."""
    area_px: int
    """Picture area under its cells."""
    peak: float
    """Largest cell probability."""
    mean: float
    """Mean cell probability."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the box as [left, top, right, bottom], the cells as [row, column] pairs."""
        box = self.box
        return {
            "frame": self.frame,
            "frame_index": self.frame_index,
            "clip_s": None if self.clip_s is None else round(self.clip_s, 3),
            "wall_s": round(self.wall_s, 3),
            "box": [box.left, box.top, box.right, box.bottom],
            "area_px": self.area_px,
            "peak": round(self.peak, 4),
            "mean": round(self.mean, 4),
            "cells": [list(cell) for cell in self.cells],
        }


def find(crack_map: CrackMap, frame: Frame, threshold: float, cell_px: int) -> list[Finding]:
    """The findings in a frame, the surest first.

    Cells are joined over all eight neighbours. A finding needs a cell of at least `threshold` and
    then takes every cell connected to it of at least WEAK_SHARE times that: two thresholds with
    hysteresis (Canny 1986, section on edge linking), so that a crack that fades is not cut up.

    Args:
        crack_map: float32 (rows, cols), a probability a cell.
        frame: the picture that it belongs to, (rows, cols) cells of `cell_px` pixels, of which
            the last row and column may be cut by the border.
        threshold: probability from which on a cell is crack, the card's `cell` operating point.
        cell_px: side of a cell.
    """
    weak = (crack_map >= threshold * WEAK_SHARE).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    findings = []
    for label in np.unique(labels[crack_map >= threshold]):
        left, top, width, height = stats[label, :4].tolist()
        window = labels[top : top + height, left : left + width] == label
        rows, cols = np.nonzero(window)
        rows, cols = rows + top, cols + left
        probabilities = crack_map[rows, cols]
        heights = np.minimum((rows + 1) * cell_px, frame.height) - rows * cell_px
        widths = np.minimum((cols + 1) * cell_px, frame.width) - cols * cell_px
        findings.append(
            Finding(
                frame=frame.name,
                frame_index=frame.index,
                clip_s=frame.clip_s,
                wall_s=frame.wall_s,
                box=Box(
                    left * cell_px,
                    top * cell_px,
                    min((left + width) * cell_px, frame.width),
                    min((top + height) * cell_px, frame.height),
                ),
                cells=tuple(zip(rows.tolist(), cols.tolist(), strict=True)),
                area_px=int((heights * widths).sum()),
                peak=float(probabilities.max()),
                mean=float(probabilities.mean()),
            )
        )
    return sorted(findings, key=lambda finding: (-finding.peak, -finding.area_px, finding.cells))

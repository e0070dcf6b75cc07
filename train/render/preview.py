"""A contact sheet of renderings: each picture, and beside it the same with its mask outlined."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.train.render.sample import Sample

GAP_PX = 4
OUTLINE = (255, 40, 40)
PAPER = 255


def outline_mask(sample: Sample) -> NDArray[np.uint8]:
    """The picture (H, W, 3) RGB with a thin red outline just outside its mask."""
    grown = cv2.dilate(sample.mask, np.ones((5, 5), np.uint8))
    inner = cv2.dilate(sample.mask, np.ones((3, 3), np.uint8))
    picture = sample.rgb.copy()
    picture[(grown > 0) & (inner == 0)] = OUTLINE
    return picture


def contact_sheet(samples: Sequence[Sample], columns: int) -> NDArray[np.uint8]:
    """Lay samples out in rows of `columns` pairs (picture, outlined picture), RGB uint8."""
    side = samples[0].rgb.shape[0]
    pitch = side + GAP_PX
    rows = -(-len(samples) // columns)
    sheet = np.full((rows * pitch + GAP_PX, 2 * columns * pitch + GAP_PX, 3), PAPER, np.uint8)
    for number, sample in enumerate(samples):
        row, column = divmod(number, columns)
        for part, picture in enumerate((sample.rgb, outline_mask(sample))):
            top = GAP_PX + row * pitch
            left = GAP_PX + (2 * column + part) * pitch
            sheet[top : top + side, left : left + side] = picture
    return sheet

"""Reads the page size and the filled rectangles from a PDF of the calibration target."""

import re
import zlib

import numpy as np

PT_PER_MM = 72 / 25.4


def page_size_mm(pdf: bytes) -> tuple[float, float]:
    found = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert found is not None
    return float(found[1]) / PT_PER_MM, float(found[2]) / PT_PER_MM


def rectangles_mm(pdf: bytes, page: int) -> np.ndarray:
    """The black rectangles (n, 4) of a page: left, top, width and height in mm.

    The unit of the content is mm: it is scaled to CSS pixels, and those to points.
    """
    content = page_contents(pdf)[page]
    scales = [float(one) for one in re.findall(rb"\n([\d.]+) 0 0 \1 0 0 cm", content)]
    assert abs(np.prod(scales) / PT_PER_MM - 1) < 1e-6
    filled = re.findall(rb"\n([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re\nf\n", content)
    return np.array(filled, float)


def page_contents(pdf: bytes) -> list[bytes]:
    """The content streams of the pages, in order."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    return [one for one in map(zlib.decompress, streams) if b" re\nf\n" in one]

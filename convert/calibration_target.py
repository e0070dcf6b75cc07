"""Generates the printable calibration target that crackscan ships as PDF files.

The files lie in edge/measurement/scale. After a change here or of the boards, generate them again:
`crackscan-convert target edge/measurement/scale`. Pages are SVG with one unit per millimetre, and
WeasyPrint converts them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError
from crackscan.edge.measurement.scale.aruco import draw_marker
from crackscan.edge.measurement.scale.charuco_board import GAUGE, SHEET, CharucoBoard
from crackscan.edge.measurement.scale.printed_target import name_target

if TYPE_CHECKING:
    import weasyprint
    from pydyf import PDF


@dataclass(frozen=True)
class Paper:
    """A paper size."""

    name: str
    width_mm: float
    height_mm: float
    top_mm: float
    """Distance of the sheet's board from the upper edge."""


PAPERS = (Paper("a4", 210.0, 297.0, 14.0), Paper("letter", 215.9, 279.4, 11.0))
RULER_MM = 150
GAUGE_COUNT = 6
QUIET_MM = 5.0
"""White border around a gauge, which the detection of its outer squares needs."""
_ADVICE = (
    "Print at 100 % (actual size, without fitting). Check with another ruler: this one must be "
    f"{RULER_MM} mm long, to 0.5 mm."
)


def write_targets(folder: Path) -> list[Path]:
    """Write one PDF for each paper size and return their paths.

    Raises CrackscanError if WeasyPrint is missing or a file cannot be written.
    """
    paths = []
    for paper in PAPERS:
        path = folder / name_target(paper.name)
        write_atomically(path, generate_target(paper))
        paths.append(path)
    return paths


def generate_target(paper: Paper) -> bytes:
    """Generate the PDF of two pages: the sheet, and gauges to cut out.

    The PDF asks viewers to print it without scaling. Raises CrackscanError if WeasyPrint is
    missing.
    """
    try:
        from weasyprint import HTML
    except (ImportError, OSError):  # OSError: Pango is missing
        raise CrackscanError(
            "the target needs WeasyPrint: pip install 'crackscan[pdf]', and Pango: "
            "apt install libpango-1.0-0 libpangoft2-1.0-0"
        ) from None
    pages = (_draw_sheet(paper), _draw_gauges(paper))
    size = f"{paper.width_mm}mm {paper.height_mm}mm"
    html = (
        "<html lang=en><title>crackscan target</title>"
        f"<style>@page {{ size: {size}; margin: 0 }} body {{ margin: 0 }}"
        " svg { display: block } text { font-family: sans-serif }</style>"
        f"<body>{''.join(_wrap_page(paper, page) for page in pages)}</body></html>"
    )
    data = HTML(string=html).write_pdf(
        finisher=_disable_scaling, pdf_identifier=b"crackscan", pdf_version="1.4"
    )
    assert isinstance(data, bytes)
    return data


def _disable_scaling(_document: "weasyprint.Document", pdf: "PDF") -> None:
    import pydyf

    pdf.catalog["ViewerPreferences"] = pydyf.Dictionary({"PrintScaling": "/None"})


def _wrap_page(paper: Paper, elements: Iterator[str]) -> str:
    width, height = paper.width_mm, paper.height_mm
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}">{"".join(elements)}</svg>'
    )


def _draw_sheet(paper: Paper) -> Iterator[str]:
    left, top = (paper.width_mm - SHEET.width_mm) / 2, paper.top_mm
    bottom = top + SHEET.height_mm
    yield from _draw_board(SHEET, left, top)
    yield from _draw_ruler(left, bottom + 3)
    yield _text(left, bottom + 13, _ADVICE)
    words = (
        f"crackscan target: {SHEET.columns} x {SHEET.rows} squares of {SHEET.square_mm:g} mm. "
        "Glue it to a flat board. On the wall, lay it flat beside the crack."
    )
    x, y = left - 5, bottom
    yield f'<text transform="translate({x:g} {y:g}) rotate(-90)" font-size="3">{words}</text>'


def _draw_gauges(paper: Paper) -> Iterator[str]:
    left = (paper.width_mm - 170) / 2
    yield _text(left, 18, "crackscan gauges: cut out along the dashes, lay flat beside a crack.")
    yield _text(left, 23, _ADVICE)
    yield from _draw_ruler(left, 27)
    width, height = GAUGE.width_mm + 2 * QUIET_MM, GAUGE.height_mm + 2 * QUIET_MM
    for number in range(GAUGE_COUNT):
        row, column = divmod(number, 2)
        x, y = left + column * (width + 4), 46 + row * (height + 12)
        yield (
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height + 5:g}" fill="none" '
            'stroke="black" stroke-width="0.15" stroke-dasharray="1 1"/>'
        )
        yield from _draw_board(GAUGE, x + QUIET_MM, y + QUIET_MM)
        words = f"crackscan gauge, squares of {GAUGE.square_mm:g} mm"
        yield _text(x + QUIET_MM, y + height + 2.5, words, 2.5)


def _draw_board(board: CharucoBoard, left: float, top: float) -> Iterator[str]:
    side = board.square_mm
    for row, column, marker in board.list_squares():
        x, y = left + column * side, top + row * side
        if marker is None:
            yield _rectangle(x, y, side, side)
            continue
        bits = draw_marker(board, marker)
        cell = board.marker_mm / len(bits)
        margin = (side - board.marker_mm) / 2
        for i, line in enumerate(bits.tolist()):
            for first, last in _find_runs(line):
                yield _rectangle(
                    x + margin + first * cell, y + margin + i * cell, (last - first) * cell, cell
                )


def _find_runs(line: list[bool]) -> Iterator[tuple[int, int]]:
    """Yield the first and one-past-last index of each run of black cells.

    A run is drawn as one rectangle, because adjoining ones could show a hairline between them.
    """
    first = 0
    while first < len(line):
        last = first
        while last < len(line) and line[last]:
            last += 1
        if last > first:
            yield first, last
        first = last + 1


def _draw_ruler(left: float, top: float) -> Iterator[str]:
    yield _rectangle(left, top, RULER_MM, 0.2)
    for mm in range(RULER_MM + 1):
        height = 4.0 if mm % 10 == 0 else 2.8 if mm % 5 == 0 else 1.6
        yield _rectangle(left + mm - 0.1, top, 0.2, height)
        if mm % 10 == 0:
            yield _text(left + mm - (0.8 if mm < 100 else 1.6), top + 7, str(mm // 10), 2.5)
    yield _text(left + RULER_MM + 3, top + 7, "cm", 2.5)


def _rectangle(left: float, top: float, width: float, height: float) -> str:
    return f'<rect x="{left:.4f}" y="{top:.4f}" width="{width:.4f}" height="{height:.4f}"/>'


def _text(left: float, baseline: float, words: str, size_mm: float = 3) -> str:
    return f'<text x="{left:g}" y="{baseline:g}" font-size="{size_mm:g}">{words}</text>'

"""The printed target as a PDF: one sheet for calibration and distance, one of gauges."""

from crackscan.edge.measurement.scale.aruco import draw_marker
from crackscan.edge.measurement.scale.charuco_board import GAUGE, SHEET, CharucoBoard
from crackscan.edge.measurement.scale.pdf import A4_MM, Page, pdf_of

RULER_MM = 150
_GAUGES = 6
_QUIET_MM = 5.0
"""White round a gauge, which its outer squares need."""
_ADVICE = (
    "Print at 100 % (actual size, no fitting). Check with a ruler: the scale below must be "
    f"{RULER_MM} mm long, to 0.5 mm."
)


def target_pdf() -> bytes:
    """Two pages of A4: the sheet, and gauges to cut out. Raises ScaleError without ArUco."""
    return pdf_of([_sheet(), _gauges()], "crackscan target")


def _sheet() -> Page:
    page = Page()
    left = (A4_MM[0] - SHEET.width_mm) / 2
    _draw(page, SHEET, left, 14)
    page.text(left, 14 + SHEET.height_mm + 6, _ADVICE)
    _ruler(page, left, 14 + SHEET.height_mm + 10)
    page.text(
        left,
        14 + SHEET.height_mm + 22,
        f"crackscan target: {SHEET.columns} x {SHEET.rows} squares of {SHEET.square_mm:g} mm. "
        "Glue it to a flat board. On the wall, lay it flat beside the crack.",
    )
    return page


def _gauges() -> Page:
    page = Page()
    left = 20.0
    page.text(left, 18, "crackscan gauges: cut out along the dashed line, lay flat beside a crack.")
    page.text(left, 23, _ADVICE)
    _ruler(page, left, 27)
    wide, high = GAUGE.width_mm + 2 * _QUIET_MM, GAUGE.height_mm + 2 * _QUIET_MM
    for number in range(_GAUGES):
        row, column = divmod(number, 2)
        x, y = left + column * (wide + 4), 46 + row * (high + 12)
        page.outline(x, y, wide, high + 5)
        _draw(page, GAUGE, x + _QUIET_MM, y + _QUIET_MM)
        page.text(x + _QUIET_MM, y + high + 2.5, "crackscan gauge, squares of 8 mm", 7)
    return page


def _draw(page: Page, board: CharucoBoard, left: float, top: float) -> None:
    """A board with its upper left corner at a place of the page."""
    side = board.square_mm
    for row, column, marker in board.list_squares():
        x, y = left + column * side, top + row * side
        if marker is None:
            page.box(x, y, side, side)
            continue
        cells = draw_marker(board, marker)
        cell = board.marker_mm / len(cells)
        margin = (side - board.marker_mm) / 2
        for i, line in enumerate(cells.tolist()):
            begin = 0
            while begin < len(line):  # runs of black cells as one box: no hairlines between them
                end = begin
                while end < len(line) and line[end]:
                    end += 1
                if end > begin:
                    page.box(
                        x + margin + begin * cell, y + margin + i * cell, (end - begin) * cell, cell
                    )
                begin = end + 1


def _ruler(page: Page, left: float, top: float) -> None:
    page.box(left, top, RULER_MM, 0.2)
    for mm in range(RULER_MM + 1):
        high = 4.0 if mm % 10 == 0 else 2.8 if mm % 5 == 0 else 1.6
        page.box(left + mm - 0.1, top, 0.2, high)
        if mm % 10 == 0:
            page.text(left + mm - (1.0 if mm < 100 else 1.8), top + 7, str(mm // 10), 7)
    page.text(left + RULER_MM + 3, top + 7, "cm", 7)

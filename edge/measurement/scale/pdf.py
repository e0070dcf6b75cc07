"""A small writer of PDF pages with black shapes and text at their true size, in millimetres."""

PT_PER_MM = 72 / 25.4
A4_MM = (210.0, 297.0)


class Page:
    """One page of A4; x runs right and y down from the upper left corner, in mm."""

    def __init__(self) -> None:
        self._parts: list[str] = ["0 g 0 G"]

    def box(self, left: float, top: float, width: float, height: float) -> None:
        """A black rectangle."""
        x, y = _place(left, top + height)
        wide, high = width * PT_PER_MM, height * PT_PER_MM
        self._parts.append(f"{x} {y} {wide:.4f} {high:.4f} re f")

    def outline(self, left: float, top: float, width: float, height: float) -> None:
        """A dashed frame, for scissors."""
        x, y = _place(left, top + height)
        wide, high = width * PT_PER_MM, height * PT_PER_MM
        self._parts.append(f"q 0.4 w [3 3] 0 d {x} {y} {wide:.4f} {high:.4f} re S Q")

    def text(self, left: float, baseline: float, words: str, size_pt: float = 9) -> None:
        """A line of Helvetica."""
        x, y = _place(left, baseline)
        safe = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        self._parts.append(f"BT /F1 {size_pt:g} Tf {x} {y} Td ({safe}) Tj ET")

    @property
    def content(self) -> bytes:
        return "\n".join(self._parts).encode("cp1252")


def pdf_of(pages: list[Page], title: str) -> bytes:
    """A PDF 1.4 file of these pages; asks viewers not to scale it when printing."""
    first_page = 4
    kids = " ".join(f"{first_page + 2 * i} 0 R" for i in range(len(pages)))
    wide, high = (side * PT_PER_MM for side in A4_MM)
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /PrintScaling /None >> >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        content = page.content
        bodies.append(
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide:.4f} {high:.4f}] "
                f"/Resources << /Font << /F1 3 0 R >> >> "
                f"/Contents {first_page + 2 * number + 1} 0 R >>"
            ).encode()
        )
        bodies.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    bodies.append(f"<< /Title ({title}) >>".encode("cp1252"))
    data = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = (
        f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R /Info {len(bodies)} 0 R >>\n"
        f"startxref\n{len(data)}\n%%EOF\n"
    )
    return data + trailer.encode()


def _place(x_mm: float, y_mm: float) -> tuple[str, str]:
    """PDF counts up from the lower left corner, in points."""
    return f"{x_mm * PT_PER_MM:.4f}", f"{(A4_MM[1] - y_mm) * PT_PER_MM:.4f}"

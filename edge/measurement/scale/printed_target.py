"""The printable calibration target, as PDF files that are part of the package.

`convert/calibration_target.py` generates them.
"""

from pathlib import Path

PAPERS = ("a4", "letter")


def name_target(paper: str) -> str:
    """Return the file name of the target for a paper size."""
    return f"target-{paper}.pdf"


def read_target(paper: str) -> bytes:
    """Read the PDF for a paper size, one of `PAPERS`: the sheet, and a page of gauges."""
    return (Path(__file__).parent / name_target(paper)).read_bytes()

"""Prints the report's page to PDF, with whichever of two engines is there.

WeasyPrint (BSD-3-Clause; Python and Pango, no browser) is the extra `pdf`. Chromium, where it is
installed, prints the same page.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from crackscan.core.durable_files import write_file
from crackscan.core.errors import CrackscanError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_S = 600
MISSING = (
    "a PDF needs WeasyPrint (pip install 'crackscan[pdf]') or Chromium"
    " (apt install chromium); the HTML report is there, and any browser prints it"
)


def write_pdf(html: Path, pdf: Path) -> str:
    """Print a page of our own making; returns the engine's name.

    Nothing is fetched: the page holds all it needs. Raises CrackscanError where no engine is
    installed, or it fails.
    """
    try:
        from weasyprint import HTML
    except (ImportError, OSError):  # OSError: Pango is missing
        browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
        if browser is None:
            raise CrackscanError(MISSING) from None
        _print_with_browser(browser, html, pdf)
        return "Chromium"
    data = HTML(string=html.read_text(encoding="utf-8")).write_pdf()
    assert isinstance(data, bytes)
    write_file(pdf, data)
    return "WeasyPrint"


def _print_with_browser(browser: str, html: Path, pdf: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="crackscan-") as scratch:
        part = Path(scratch) / "report.pdf"
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={scratch}/profile",
            f"--print-to-pdf={part}",
            html.resolve().as_uri(),
        ]
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise CrackscanError(f"{browser} did not print {html} in {PATIENCE_S} s") from None
        except OSError as error:
            raise CrackscanError(f"{browser} cannot be run: {error.strerror}") from None
        if not part.is_file():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise CrackscanError(f"{browser} could not print {html}: {last}")
        write_file(pdf, part.read_bytes())

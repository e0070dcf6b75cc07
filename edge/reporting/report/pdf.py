"""Prints the report's page to PDF with WeasyPrint or Chromium.

WeasyPrint (BSD-3-Clause; it needs Pango, but no browser) is installed with the extra `pdf`. If it
is missing, an installed Chromium prints the same page.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from crackscan.core.durable_files import write_atomically
from crackscan.core.errors import CrackscanError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_S = 600
"""A browser that has not printed by then is taken to hang."""
NO_ENGINE = (
    "a PDF needs WeasyPrint (pip install 'crackscan[pdf]') or Chromium"
    " (apt install chromium); the HTML report is written, and any browser can print it"
)


def write_pdf(html: Path, pdf: Path) -> str:
    """Print a page written by `write_report`; returns the name of the engine.

    The page is self-contained, so nothing is fetched from a network. Raises CrackscanError if no
    engine is installed or the engine fails.
    """
    try:
        from weasyprint import HTML
    except (ImportError, OSError):  # OSError: Pango is missing
        browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
        if browser is None:
            raise CrackscanError(NO_ENGINE) from None
        _print_with_chromium(browser, html, pdf)
        return "Chromium"
    data = HTML(string=html.read_text(encoding="utf-8")).write_pdf()
    assert isinstance(data, bytes)
    write_atomically(pdf, data)
    return "WeasyPrint"


def _print_with_chromium(browser: str, html: Path, pdf: Path) -> None:
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
                command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise CrackscanError(f"{browser} did not print {html} in {TIMEOUT_S} s") from None
        except OSError as error:
            raise CrackscanError(f"{browser} cannot be started: {error.strerror}") from None
        if not part.is_file():
            message = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise CrackscanError(f"{browser} could not print {html}: {message}")
        write_atomically(pdf, part.read_bytes())

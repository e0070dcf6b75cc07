"""`crackscan link` gives the links of a scan that runs as a service."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from crackscan.edge.web.live.keys import Keys

RUN = "from crackscan.edge.cli import main; main()"


def link(settings: Path, *options: str, terminal: bool = False) -> tuple[int, str]:
    """The exit code, and all that was printed."""
    command = [sys.executable, "-c", RUN, "link", "--settings", str(settings), *options]
    if not terminal:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        printed = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            printed += part
    os.close(ours)
    return process.returncode, printed.decode()


def test_a_terminal_shows_the_kept_keys_and_a_pipe_does_not(tmp_path: Path) -> None:
    settings, path = tmp_path / "settings.toml", tmp_path / "keys"
    settings.write_text(f'live = "0.0.0.0:8765"\nlive_keys = "{path}"\n')
    keys = Keys.load_or_create(path)
    code, printed = link(settings, terminal=True)
    assert code == 0
    assert keys.control in printed
    assert keys.view in printed
    assert "█" in printed
    code, printed = link(settings)
    assert code == 0
    assert keys.control not in printed
    assert str(path) in printed
    assert link(settings, "--new")[0] == 0
    assert Keys.load_or_create(path) != keys


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "set `live`"),
        ('live = "0.0.0.0:8765"', "set `live_keys`"),
        ('live = "::1"', "HOST:PORT"),
    ],
)
def test_what_is_missing_is_told_in_one_line(tmp_path: Path, content: str, why: str) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(content)
    code, printed = link(settings)
    assert code == 1
    assert why in printed
    assert printed.count("\n") == 1


def test_a_view_for_this_machine_has_no_keys(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('live = "127.0.0.1:9000"\n')
    assert link(settings) == (0, "Live view, on this machine only: http://127.0.0.1:9000/\n")

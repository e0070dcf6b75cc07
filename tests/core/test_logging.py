"""The log of a command: a file in the survey's folder, the terminal on demand, no credentials."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from crackscan.core.command_line import LazyGroup, run_command
from crackscan.core.errors import CrackscanError
from crackscan.core.folder_log import LOG_FILE, FolderLog, LogFileParameters
from crackscan.core.logging_setup import JournalFormatter, MaskingFormatter, package_log

log = logging.getLogger("crackscan.test")
SECRET = "rtsp://admin:hunter2@10.0.0.5/live?pwd=hunter2"


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = ModuleType("demo_of_this_test")
    module.demo = demo  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    handlers, level = package_log.handlers[:], package_log.level
    yield
    package_log.handlers[:] = handlers
    package_log.setLevel(level)


@click.command()
@click.option("--fail", is_flag=True)
def demo(fail: bool) -> None:
    log.info("opens %s", SECRET)
    if fail:
        raise CrackscanError("the disk is full")


@click.group(cls=LazyGroup, lazy={"demo": ("demo_of_this_test:demo", "A command.")})
def program() -> None:
    pass


def run_program(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run_command(program, words)
    return int(ended.value.code or 0)


def contents(folder: Path) -> str:
    return (folder / LOG_FILE).read_text()


def test_a_folder_log_has_versions_messages_and_tracebacks_without_credentials(
    tmp_path: Path,
) -> None:
    written = FolderLog(tmp_path)
    log.info("opens %s", SECRET)
    try:
        raise ValueError(f"no answer from {SECRET}")
    except ValueError:
        log.exception("the scan failed")
    written.close()
    log.warning("after its end")
    text = contents(tmp_path)
    assert "crackscan 0" in text and "Python 3" in text
    assert "INFO MainThread crackscan.test: opens rtsp://10.0.0.5/live?pwd=***" in text
    assert "Traceback" in text and "no answer from rtsp://10.0.0.5/live?pwd=***" in text
    assert "hunter2" not in text and "admin" not in text and "after its end" not in text


def test_a_folder_log_is_appended_to_and_never_larger_than_two_files(tmp_path: Path) -> None:
    small = LogFileParameters(file_bytes=4000, kept_files=1)
    for number in range(3):
        written = FolderLog(tmp_path, small)
        for _ in range(100):
            log.info("run %d, a message of some length", number)
        written.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [LOG_FILE, f"{LOG_FILE}.1"]
    assert all(path.stat().st_size <= 4000 for path in tmp_path.iterdir())
    assert "run 2" in contents(tmp_path)


def test_a_folder_that_takes_no_file_does_not_disturb(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = FolderLog(tmp_path / "gone")
    log.error("something")
    written.close()
    assert capsys.readouterr() == ("", "")


def test_messages_before_the_survey_was_made_are_in_its_log(tmp_path: Path) -> None:
    assert run_program("demo") == 0
    written = FolderLog(tmp_path)
    written.close()
    assert "opens rtsp://10.0.0.5/live?pwd=***" in contents(tmp_path)
    again = FolderLog(tmp_path)
    again.close()
    assert contents(tmp_path).count("opens") == 1


def test_without_verbose_a_failure_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program("demo", "--fail") == 1
    assert capsys.readouterr().err == "Error: the disk is full\n"


@pytest.mark.parametrize(
    "words", [("--verbose", "demo", "--fail"), ("demo", "--verbose", "--fail")]
)
def test_verbose_writes_the_log_and_the_traceback_to_the_terminal(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(*words) == 1
    text = capsys.readouterr().err
    assert "INFO crackscan.test: opens rtsp://10.0.0.5/live?pwd=***" in text
    assert "Traceback" in text and text.endswith("Error: the disk is full\n")
    assert "hunter2" not in text


def test_the_journal_gets_a_priority_for_each_line() -> None:
    record = log.makeRecord("x", logging.WARNING, "", 0, "lost\n%s", (SECRET,), None)
    assert JournalFormatter("%(message)s").format(record) == (
        "<4>lost\n<4>rtsp://10.0.0.5/live?pwd=***"
    )
    assert "hunter2" not in MaskingFormatter().format(record)


def test_a_service_writes_its_log_to_the_journal(tmp_path: Path) -> None:
    """systemd names in JOURNAL_STREAM the pipe that is standard error."""
    program = (
        "import logging; from crackscan.core.logging_setup import start_logging; start_logging();"
        "logging.getLogger('crackscan.x').info('scans %s', 'rtsp://a:b@c/d')"
    )
    for named, expected in ((True, "<6>crackscan.x: scans rtsp://c/d\n"), (False, "")):
        out = tmp_path / str(named)
        with out.open("wb") as file:
            found = os.fstat(file.fileno())
            stream = f"{found.st_dev}:{found.st_ino if named else 0}"
            environment = {**os.environ, "JOURNAL_STREAM": stream}
            subprocess.run(
                [sys.executable, "-c", program], stderr=file, env=environment, check=True
            )
        assert out.read_text() == expected


def test_a_library_writes_nothing_by_itself() -> None:
    program = "import crackscan, logging; logging.getLogger('crackscan.edge').error('something')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")

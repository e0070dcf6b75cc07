"""The service: a unit that systemd accepts and that may do little; files that come and go."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from crackscan.core.command_line import run_command
from crackscan.core.errors import CrackscanError
from crackscan.edge.appliance.service import (
    Place,
    find_program,
    format_unit,
    install_service,
    uninstall_service,
)
from crackscan.edge.appliance.service.place import demand_open
from crackscan.edge.appliance.service.unit import WATCHDOG_S, quote_path
from crackscan.edge.cli import crackscan
from crackscan.edge.settings import load_settings

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="Debian's package systemd is missing")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the machine's services are root's")
MOST_EXPOSED = 3.0
"""systemd's own score: 0 is shut in, 10 open; most services of Debian have above 9."""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The root folder of another machine."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("root:x:0:\nvideo:x:44:\ndialout:x:20:\ngpio:x:997:\n")
    return tmp_path


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    path = tmp_path / "crackscan"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    environment = {"XDG_RUNTIME_DIR": "/tmp", **os.environ}  # for a user's units
    return subprocess.run(
        [ANALYZE, *arguments, "--no-pager"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@needs_systemd
@pytest.mark.parametrize(
    "place", [Place.of_machine(), Place.of_this_user()], ids=["machine", "user"]
)
def test_systemd_accepts_the_unit(tmp_path: Path, executable: Path, place: Place) -> None:
    file = tmp_path / "crackscan.service"
    file.write_text(format_unit(place, executable, Path("/media/stick/surveys")))
    done = analyze("verify", "--man=no", *(["--user"] if place.of_user else []), str(file))
    said = [line for line in done.stderr.splitlines() if "crackscan" in line]
    assert done.returncode == 0 and not said, done.stderr


@needs_systemd
def test_the_verification_would_notice_a_mistake(tmp_path: Path, executable: Path) -> None:
    file = tmp_path / "crackscan.service"
    text = format_unit(Place.of_machine(), executable)
    file.write_text(text.replace("WatchdogSec=", "WatchdogSecs="))
    said = analyze("verify", "--man=no", str(file)).stderr
    assert "Unknown key" in said and "WatchdogSecs" in said


@needs_systemd
def test_the_service_may_do_little(tmp_path: Path, executable: Path) -> None:
    file = tmp_path / "crackscan.service"
    file.write_text(format_unit(Place.of_machine(), executable))
    done = analyze("security", "--offline=true", str(file))
    score = re.search(r"Overall exposure level for crackscan.service: ([\d.]+)", done.stdout)
    assert score is not None, done.stdout + done.stderr
    assert float(score.group(1)) <= MOST_EXPOSED


def test_the_scan_is_watched_restarted_and_ended_gently(executable: Path) -> None:
    text = format_unit(Place.of_machine(), executable)
    for line in (
        "Type=notify",
        f"WatchdogSec={WATCHDOG_S}",
        "Restart=on-failure",
        "StartLimitIntervalSec=0",
        "SuccessExitStatus=143",
        "User=crackscan",
        "StateDirectory=crackscan",
        f"ExecStart={executable} scan --settings /etc/crackscan/settings.toml",
    ):
        assert line in text.splitlines(), line


def test_only_groups_that_exist_are_asked_for(image: Path, executable: Path) -> None:
    text = format_unit(Place.of_machine(image), executable)
    assert "SupplementaryGroups=video dialout gpio" in text.splitlines()


def test_surveys_elsewhere_are_writable(executable: Path) -> None:
    place = Place.of_machine()
    assert "ReadWritePaths=-/media/stick\n" in format_unit(place, executable, Path("/media/stick"))
    assert "ReadWritePaths" not in format_unit(place, executable, place.surveys)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/usr/bin/crackscan", "/usr/bin/crackscan"),
        ("/opt/crack scan/bin", '"/opt/crack scan/bin"'),
        ("/opt/100%/$x", "/opt/100%%/$$x"),
        ('/opt/a"b', '"/opt/a\\"b"'),
    ],
)
def test_paths_are_written_as_units_want_them(path: str, written: str) -> None:
    assert quote_path(Path(path)) == written


@needs_systemd
@needs_root
def test_installing_makes_settings_user_and_unit_and_enables_it(
    image: Path, executable: Path
) -> None:
    place = Place.of_machine(image)
    assert install_service(place, executable, "picamera:0") is False, "nothing runs in an image"
    settings = load_settings(image / "etc/crackscan/settings.toml", environment={})
    assert (settings.source, settings.surveys) == ("picamera:0", "/var/lib/crackscan/surveys")
    wanted = image / "etc/systemd/system/multi-user.target.wants/crackscan.service"
    assert wanted.is_symlink()
    assert (image / "etc/systemd/system/crackscan.service").stat().st_mode & 0o777 == 0o644
    passwd = (image / "etc/passwd").read_text()
    assert re.search(r"^crackscan:.*:/var/lib/crackscan:", passwd, re.MULTILINE)


@needs_systemd
@needs_root
def test_installing_again_keeps_the_settings_and_removing_keeps_them_too(
    image: Path, executable: Path
) -> None:
    place = Place.of_machine(image)
    install_service(place, executable, "picamera:0")
    file = image / "etc/crackscan/settings.toml"
    mine = 'source = "/dev/video2"\nsurveys = "/media/stick/surveys"\n'
    file.write_text(mine)
    install_service(place, executable)
    assert file.read_text() == mine
    text = (image / "etc/systemd/system/crackscan.service").read_text()
    assert "ReadWritePaths=-/media/stick/surveys" in text
    with pytest.raises(CrackscanError, match="names another source, '/dev/video2'"):
        install_service(place, executable, "picamera:0")
    assert uninstall_service(place) is True
    left = {str(path.relative_to(image)) for path in image.rglob("*crackscan*")}
    assert left == {"crackscan", "etc/crackscan"}
    assert file.read_text() == mine
    assert uninstall_service(place) is False


@needs_systemd
@needs_root
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (None, "say what is scanned"),
        ('surveys = "/x"', "must set source"),
        ('source = "0"', "must set surveys"),
        ('source = "0"\nsurveys = "x"', "surveys must begin with /"),
        ('source = "0"\nevry = 1', "did you mean every?"),
    ],
)
def test_settings_that_would_not_work_are_refused_before_anything_is_installed(
    image: Path, executable: Path, settings: str | None, told: str
) -> None:
    if settings is not None:
        (image / "etc/crackscan").mkdir()
        (image / "etc/crackscan/settings.toml").write_text(settings)
    with pytest.raises(CrackscanError, match=re.escape(told)):
        install_service(Place.of_machine(image), executable)
    assert not (image / "etc/systemd").exists()


def test_a_program_behind_a_closed_home_folder_is_refused(tmp_path: Path) -> None:
    """Since Debian 12 home folders are closed to others: the service would fail with 203/EXEC."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin/crackscan").touch()
    home.chmod(0o700)
    with pytest.raises(CrackscanError, match=f"{home} is closed to the user crackscan") as told:
        demand_open(home / "bin/crackscan")
    assert "/opt" in str(told.value)


def test_the_program_is_the_one_that_runs(
    monkeypatch: pytest.MonkeyPatch, executable: Path
) -> None:
    monkeypatch.setattr(sys, "argv", [str(executable)])
    assert find_program() == executable
    monkeypatch.setattr(sys, "argv", ["-c"])
    found = find_program()
    assert found.name == "crackscan" and found.stat().st_mode & stat.S_IXUSR


def test_the_unit_can_be_looked_at_without_installing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["service", "install", "--print"])
    assert not ended.value.code
    printed = capsys.readouterr().out
    assert printed.startswith("# Made by: crackscan service install\n[Unit]\n")
    assert not Path("/etc/systemd/system/crackscan.service").exists()


def systemctl(folder: Path, answers: str, code: int = 0) -> None:
    """A program in the place of systemctl, for machines on which systemd does not run."""
    tool = folder / "systemctl"
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{answers}\nEND\nexit {code}\n")
    tool.chmod(0o755)


@pytest.mark.parametrize(
    ("answers", "code", "told"),
    [
        (
            "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\n"
            "Result=success\nStatusText=8.1 frames/s, 3 findings\nNRestarts=2\n"
            "ActiveEnterTimestamp=Mon 2026-11-23 04:00:00 UTC",
            0,
            ["active (running) since Mon", "restarted 2 times", "8.1 frames/s, 3 findings"],
        ),
        (
            "LoadState=loaded\nUnitFileState=enabled\nActiveState=failed\nSubState=failed\n"
            "Result=watchdog\nStatusText=\nNRestarts=0\nActiveEnterTimestamp=",
            1,
            ["failed (failed), enabled, the last run ended by: watchdog", "journalctl"],
        ),
        ("LoadState=not-found\nActiveState=inactive", 1, ["not installed"]),
    ],
)
def test_status_says_how_the_service_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: str,
    code: int,
    told: list[str],
) -> None:
    systemctl(tmp_path, answers)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for arguments in (["service", "status"], ["service", "status", "--json"]):
        with pytest.raises(SystemExit) as ended:
            run_command(crackscan, arguments)
        assert (ended.value.code or 0) == code
        printed = capsys.readouterr().out
        if "--json" in arguments:
            assert json.loads(printed)["running"] is (code == 0)
        else:
            assert all(words in printed for words in told), printed


def test_without_systemd_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for command in (["status"], ["install", "--source", "0"], ["uninstall"]):
        with pytest.raises(SystemExit) as ended:
            run_command(crackscan, ["service", *command])
        printed = capsys.readouterr()
        assert ended.value.code == 1 and "there is no systemd" in printed.err
        assert len(printed.err.splitlines()) == 1

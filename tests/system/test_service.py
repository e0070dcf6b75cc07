"""The service under a real systemd: it starts, is restarted when it hangs or fails, and goes."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crackscan.edge.appliance.service import Place, format_unit
from crackscan.edge.survey import Survey, SurveyReader

sys.path.insert(0, str(Path(__file__).parent))
from user_systemd import run_under_systemd, why_not

sys.path.pop(0)

SAMPLES = Path(__file__).parents[2] / "samples"
CRACKSCAN = Path(sys.executable).with_name("crackscan")
WHY_NOT = why_not()
pytestmark = [pytest.mark.system, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)]

ASK = "systemctl --user show crackscan --value -p"
QUICK = """
mkdir -p $HOME/.config/systemd/user/crackscan.service.d
cat > $HOME/.config/systemd/user/crackscan.service.d/quick.conf <<END
[Service]
WatchdogSec={watchdog_s}
TimeoutAbortSec=2
RestartSec=1
END
"""
UNTIL = """
for second in $(seq 90); do
  [ "$({ask} {name})" {test} ] && break
  sleep 1
done
"""


def until(name: str, test: str) -> str:
    return UNTIL.format(ask=ASK, name=name, test=test)


def told(printed: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)


def test_it_scans_a_folder_to_the_end_and_is_removed(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for path in sorted(SAMPLES.glob("*patch*.jpg")):
        shutil.copy(path, pictures)
    printed = run_under_systemd(
        tmp_path,
        f"{CRACKSCAN} service install --user --source {pictures}\n"
        + until("ActiveState", "= inactive")
        + f"echo active=$({ASK} ActiveState); echo result=$({ASK} Result)\n"
        + f"echo restarts=$({ASK} NRestarts); echo enabled=$({ASK} UnitFileState)\n"
        + f"{CRACKSCAN} service uninstall --user\n"
        + f"echo loaded=$({ASK} LoadState)\n",
    )
    found = told(printed)
    assert (found["active"], found["result"]) == ("inactive", "success"), printed
    assert (found["restarts"], found["enabled"], found["loaded"]) == ("0", "enabled", "not-found")
    surveys = list((tmp_path / ".local/share/crackscan/surveys").iterdir())
    assert len(surveys) == 1 and (surveys[0] / "survey.sqlite").is_file(), "surveys stay"
    assert (tmp_path / ".config/crackscan/settings.toml").is_file(), "settings stay"


def video(path: Path) -> None:
    """A film of a wall, by the bench's slow pan, that takes longer to scan than a test waits."""
    import cv2
    import numpy as np

    from crackscan.edge.appliance.bench.wall import encoded_frames

    frames = [
        np.asarray(cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        for one in encoded_frames(640, 480)
    ]
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (640, 480))
    for number in range(5000):
        film.write(frames[number % len(frames)])
    film.release()


def test_a_scan_that_hangs_is_restarted(tmp_path: Path) -> None:
    video(tmp_path / "wall.mp4")
    printed = run_under_systemd(
        tmp_path,
        QUICK.format(watchdog_s=4)
        + f"{CRACKSCAN} service install --user --source {tmp_path}/wall.mp4\n"
        + until("ActiveState", "= active")
        + f"sleep 6; echo alive=$({ASK} NRestarts); echo text=$({ASK} StatusText)\n"
        + f"kill -STOP $({ASK} MainPID)\n"
        + until("NRestarts", "-ge 1")
        + f"echo restarts=$({ASK} NRestarts)\n"
        + until("ActiveState", "= active")
        + f"echo active=$({ASK} ActiveState)\n"
        + f"{CRACKSCAN} service status --user\n"
        + f"{CRACKSCAN} service uninstall --user\n",
    )
    found = told(printed)
    assert found["alive"] == "0", f"frames feed the watchdog: {printed}"
    assert "frames" in found["text"]
    assert found["restarts"] == "1" and found["active"] == "active", printed
    assert "restarted 1 time\n" in printed
    assert "removed; kept: " in printed


def test_a_scan_that_is_killed_goes_on_in_a_new_survey_and_loses_nothing(tmp_path: Path) -> None:
    video(tmp_path / "wall.mp4")
    surveys = tmp_path / ".local/share/crackscan/surveys"
    printed = run_under_systemd(
        tmp_path,
        QUICK.format(watchdog_s=60)
        + f"{CRACKSCAN} service install --user --source {tmp_path}/wall.mp4\n"
        + until("ActiveState", "= active")
        + f"sleep 5; kill -KILL $({ASK} MainPID)\n"
        + until("NRestarts", "-ge 1")
        + until("ActiveState", "= active")
        + f"echo restarts=$({ASK} NRestarts); sleep 3; systemctl --user stop crackscan\n"
        + f"{CRACKSCAN} surveys {surveys} >&2\n",
    )
    assert told(printed)["restarts"] == "1", printed
    with SurveyReader(min(surveys.iterdir())) as cut:
        assert [one.ended for one in cut.sessions()] == [None]
        assert all((cut.folder / one.path).is_file() for one in cut.pictures())
    with SurveyReader(max(surveys.iterdir())) as after:
        assert after.folder != cut.folder
        assert all(one.ended is not None for one in after.sessions())
    assert json.loads((cut.folder / "scan.json").read_text())["state"] == "running"
    assert json.loads((after.folder / "scan.json").read_text())["state"] == "interrupted"
    Survey.resume(cut.folder).close()


def test_a_scan_that_fails_is_tried_again(tmp_path: Path) -> None:
    printed = run_under_systemd(
        tmp_path,
        QUICK.format(watchdog_s=60)
        + f"{CRACKSCAN} service install --user --source {tmp_path}/gone.mp4\n"
        + until("NRestarts", "-ge 2")
        + until("ExecMainStatus", "= 1")  # 0 while the next try is under way
        + f"echo restarts=$({ASK} NRestarts); echo status=$({ASK} ExecMainStatus)\n"
        + f"{CRACKSCAN} service status --user && exit 1\n"
        + f"{CRACKSCAN} service uninstall --user\n",
    )
    found = told(printed)
    assert int(found["restarts"]) >= 2 and found["status"] == "1", printed
    assert "the last run ended by: exit-code" in printed


NEEDS_MACHINE = (
    "User=", "SupplementaryGroups=", "StateDirectory", "WorkingDirectory=", "Environment=",
    "AmbientCapabilities=", "ProtectSystem=", "ProtectHome=", "PrivateTmp=", "ReadWritePaths=",
    "ProtectKernel", "ProtectControlGroups=", "ProtectHostname=", "ProtectProc=",
)  # fmt: skip
"""What a user's systemd cannot do, or not inside of another mount namespace."""


def test_a_scan_gets_along_with_what_the_machines_unit_allows(tmp_path: Path) -> None:
    """Its system calls, addresses, namespaces and capabilities."""
    (tmp_path / "pictures").mkdir()
    shutil.copy(SAMPLES / "cracked-patch-upright.jpg", tmp_path / "pictures")
    settings = tmp_path / "settings.toml"
    settings.write_text(f'source = "{tmp_path}/pictures"\nsurveys = "{tmp_path}/surveys"\n')
    text = format_unit(replace(Place.of_machine(), settings=settings), CRACKSCAN)
    kept = [line for line in text.splitlines() if not line.startswith(NEEDS_MACHINE)]
    assert any(line.startswith("SystemCallFilter=") for line in kept)
    file = tmp_path / ".config/systemd/user/crackscan.service"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(kept) + "\n")
    printed = run_under_systemd(
        tmp_path,
        "systemctl --user start crackscan\n"
        + until("ActiveState", "= inactive")
        + f"echo active=$({ASK} ActiveState); echo result=$({ASK} Result)\n",
    )
    assert told(printed) == {"active": "inactive", "result": "success"}, printed
    [survey] = (tmp_path / "surveys").iterdir()
    assert '"state": "done"' in (survey / "scan.json").read_text()

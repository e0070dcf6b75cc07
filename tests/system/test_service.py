"""The service under a real systemd: it starts, is restarted when it hangs or fails, and goes."""

import shutil
import sys
from pathlib import Path

import pytest

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
    """A long film of a wall, by the bench's slow pan."""
    import cv2
    import numpy as np

    from crackscan.edge.bench.wall import encoded_frames

    frames = [
        np.asarray(cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        for one in encoded_frames(320, 240)
    ]
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (320, 240))
    for number in range(3000):
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


def test_a_scan_that_fails_is_tried_again(tmp_path: Path) -> None:
    printed = run_under_systemd(
        tmp_path,
        QUICK.format(watchdog_s=60)
        + f"{CRACKSCAN} service install --user --source {tmp_path}/gone.mp4\n"
        + until("NRestarts", "-ge 2")
        + f"echo restarts=$({ASK} NRestarts); echo status=$({ASK} ExecMainStatus)\n"
        + f"{CRACKSCAN} service status --user && exit 1\n"
        + f"{CRACKSCAN} service uninstall --user\n",
    )
    found = told(printed)
    assert int(found["restarts"]) >= 2 and found["status"] == "1", printed
    assert "the last run ended by: exit-code" in printed

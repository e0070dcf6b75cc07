"""The doctor says what is wrong with a machine and what to do; it never falls ill itself."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from crackscan.core.command_line import run_command
from crackscan.core.errors import ModelError
from crackscan.core.model_card import OperatingPoint, append_card, read_card
from crackscan.edge.appliance.doctor import State, devices, examine_machine, machine, software
from crackscan.edge.appliance.doctor.check import Check, run_guarded
from crackscan.edge.cli import crackscan
from crackscan.edge.inference.model import find_model
from crackscan.edge.inference.self_test import SelfTest

FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
NAMES = [
    "machine", "system", "python", "numpy", "opencv", "pillow", "runtime", "model", "self-test",
    "settings", "cameras", "permissions", "position", "disk", "clock", "temperature", "power",
]  # fmt: skip


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["doctor", *arguments])
    assert isinstance(ended.value.code, int)
    printed = capsys.readouterr()
    assert printed.err == ""
    return ended.value.code, printed.out


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def test_this_machine_is_fit_for_a_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = doctor(
        capsys, "--json", "--settings", str(settings_file(tmp_path, "reserve_mb = 1"))
    )
    report = json.loads(told)
    checks = {one["name"]: one for one in report["checks"]}
    assert list(checks) == NAMES
    assert (code, report["healthy"]) == (0, True), report
    assert "XNNPACK" in checks["runtime"]["found"]
    assert "crack-s" in checks["model"]["found"]
    assert all(bool(one["advice"]) == (one["state"] != "ok") for one in checks.values())


def test_what_is_broken_is_said_with_what_to_do_and_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    told = 'source = "/dev/video97"\nposition = "gpsd:127.0.0.1:9"\nmodel = "crack-xl"'
    code, table = doctor(capsys, "--settings", str(settings_file(tmp_path, told)))
    assert code == 1
    for words in ("no /dev/video97", "not connected", "there is no model 'crack-xl'", "→ plug it"):
        assert words in table, table
    assert table.splitlines()[-1] == "Something that a scan needs is broken."


def test_settings_that_are_wrong_are_a_finding_and_no_crash(tmp_path: Path) -> None:
    checks = {one.name: one for one in examine_machine(settings_file(tmp_path, "evry = 2"))}
    assert checks["settings"].state is State.BROKEN
    assert "did you mean every?" in checks["settings"].found
    assert list(checks) == NAMES


def test_a_check_that_fails_is_told_and_the_others_go_on() -> None:
    def fails() -> Check:
        raise ZeroDivisionError("a mistake of ours")

    def refuses() -> Check:
        raise ModelError("there is no model file x.tflite")

    assert run_guarded("clock", fails) == Check(
        "clock",
        State.WARNING,
        "could not be checked: ZeroDivisionError: a mistake of ours",
        "report this to the developers",
    )
    assert run_guarded("model", refuses).state is State.BROKEN


@pytest.mark.parametrize(
    ("bits", "state", "words", "advice"),
    [
        ("0", State.OK, "no undervoltage", ""),
        ("50005", State.WARNING, "undervoltage now, throttled now, undervoltage since", "supply"),
        ("10000", State.WARNING, "undervoltage since start", "supply"),
        ("80008", State.WARNING, "soft temperature limit now", "heat sink"),
    ],
)
def test_power_is_read_bit_by_bit(
    tmp_path: Path, bits: str, state: State, words: str, advice: str
) -> None:
    (tmp_path / FIRMWARE).parent.mkdir(parents=True)
    (tmp_path / FIRMWARE).write_text(bits)
    check = machine.check_power(tmp_path)
    assert check.state is state and words in check.found and advice in check.advice


def test_heat_is_told_before_the_board_slows_down(tmp_path: Path) -> None:
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal")
    (zone / "temp").write_text("82500")
    check = machine.check_temperature(tmp_path)
    assert check.state is State.WARNING and "82 °C" in check.found


def test_a_disk_without_room_for_pictures_is_broken(tmp_path: Path) -> None:
    roomy = machine.check_disk(str(tmp_path / "surveys"), 0)
    assert roomy.state is State.OK and str(tmp_path / "surveys") in roomy.found
    assert machine.check_disk(str(tmp_path), 10**9).state is State.BROKEN
    state = os.statvfs(tmp_path)
    most_mb = int(state.f_bavail * state.f_frsize / 1e6)
    assert machine.check_disk(str(tmp_path), most_mb // 2).state is State.WARNING
    (tmp_path / "file").touch()
    assert "is not a folder" in machine.check_disk(str(tmp_path / "file" / "surveys"), 0).found


@pytest.mark.parametrize("machine_name", ["x86_64", "armv7l"])
def test_32_bit_programs_are_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine_name: str
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('ID=x\nPRETTY_NAME="Raspberry Pi OS"\n')
    monkeypatch.setattr("platform.machine", lambda: machine_name)
    monkeypatch.setattr("struct.calcsize", lambda _: 8 if machine_name == "x86_64" else 4)
    check = software.check_system(tmp_path)
    assert check.found.startswith(f"Raspberry Pi OS, {machine_name}, ")
    assert check.state is (State.OK if machine_name == "x86_64" else State.WARNING)


def test_a_package_that_is_missing_or_does_not_load_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shaky.py").write_text("raise ImportError('libGL.so.1: no such file')")
    monkeypatch.syspath_prepend(tmp_path)
    shaky = software.check_package("opencv", "shaky", "apt install it")
    assert (shaky.state, shaky.found) == (State.BROKEN, "does not load: libGL.so.1: no such file")
    gone = software.check_package("opencv", "no_such_package", "apt install it")
    assert (gone.found, gone.advice) == ("no_such_package is missing", "apt install it")


@pytest.mark.parametrize(
    ("cracked", "intact", "passed"),
    [(0.99, 0.01, True), (0.5, 0.49, True), (0.49, 0.01, False), (0.99, 0.5, False)],
)
def test_a_model_passes_that_tells_a_crack_from_none(
    cracked: float, intact: float, passed: bool
) -> None:
    assert SelfTest(cracked, intact, 0.5, 1.0).passed is passed


def test_a_model_that_finds_nothing_fails(tmp_path: Path) -> None:
    shipped = find_model().read_bytes()
    card = read_card(find_model())
    never = {"default": OperatingPoint(patch=1.1, cell=1.1)}
    weights = shipped[: shipped.index(b"PK\3\4")]
    append_card(weights, replace(card, operating_points=never), tmp_path / "never.tflite")
    check = software.check_self_test(str(tmp_path / "never.tflite"))
    assert check.state is State.BROKEN and "crackscan model" in check.advice


def test_a_receiver_without_a_fix_is_a_warning() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b'{"class":"VERSION","release":"3.22"}\n')
                connection.sendall(b'{"class":"TPV","mode":1}\n')
                connection.settimeout(10)
                while connection.recv(100):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        check = devices.check_position(f"gpsd:127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert check.state is State.WARNING
    assert "the receiver has no fix" in check.found and "sky" in check.advice


def test_a_camera_that_is_no_camera_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video0").touch()  # answers no VIDIOC_QUERYCAP
    (tmp_path / "sys/class/video4linux/video0").mkdir(parents=True)
    assert devices.check_cameras("", tmp_path).found.startswith("none")
    assert devices.check_cameras("clip.mp4", tmp_path).state is State.OK


@pytest.mark.parametrize(
    ("source", "told", "advice"),
    [
        ("/dev/video7#size=640x480", "no /dev/video7; here: none", "plug it in"),
        ("7", "no /dev/video7; here: none", "plug it in"),
        ("picamera:0", "no picamera:0; here: none", "ribbon cable"),
    ],
)
def test_the_camera_of_the_settings_must_be_here(
    tmp_path: Path, source: str, told: str, advice: str
) -> None:
    check = devices.check_cameras(source, tmp_path)
    assert check.state is State.BROKEN and told in check.found and advice in check.advice


def test_why_there_is_no_picamera_is_told_with_the_cure() -> None:
    check = devices.check_cameras("picamera:9")
    assert check.state is State.BROKEN
    assert "picamera2" in check.advice or "ribbon cable" in check.advice


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="needs setpriv")
def test_devices_that_this_user_may_not_use_are_told_with_their_group() -> None:
    program = (
        "import json, sys; from pathlib import Path;"
        "from crackscan.edge.appliance.doctor import devices;"
        "print(json.dumps(devices.check_permissions(Path(sys.argv[1])).to_dict()))"
    )
    drop = [] if os.geteuid() else ["setpriv", "--reuid=65534", "--clear-groups"]
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        root = Path(folder)
        root.chmod(0o755)
        (root / "dev").mkdir()
        (root / "dev/ttyACM0").touch()
        (root / "dev/ttyACM0").chmod(0)
        done = subprocess.run(
            [*drop, sys.executable, "-c", program, folder],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
    assert done.returncode == 0, done.stderr
    check = json.loads(done.stdout)
    assert check["state"] == "warning" and "/dev/ttyACM0 (group dialout)" in check["found"]
    assert "usermod -aG dialout" in check["advice"]


def test_a_shipped_model_that_changed_on_the_disk_is_noticed(tmp_path: Path) -> None:
    """Against the record that pip keeps of an installation."""
    place = tmp_path / "site"
    package = place / "crackscan"
    info = place / "crackscan-9.dist-info"
    info.mkdir(parents=True)
    package.mkdir()
    (package / "a.tflite").write_bytes(b"as installed")
    digest = "4oFPdbzPRtOTVxSA8gm6PMo4fVGgcWpBfNDhPsRqW5M"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crackscan\nVersion: 9\n")
    (info / "RECORD").write_text(f"crackscan/a.tflite,sha256={digest},12\n")
    program = (
        "import hashlib, sys; from pathlib import Path;"
        "from crackscan.edge.appliance.doctor.software import recorded_hash;"
        "sys.path.insert(0, sys.argv[1]);"
        "print(recorded_hash(Path(sys.argv[1]) / 'crackscan/a.tflite'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(place)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == base64.urlsafe_b64decode(digest + "=").hex()

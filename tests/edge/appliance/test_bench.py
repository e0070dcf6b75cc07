"""Figures of speed: complete, consistent, with the machine they were taken on and nobody's name."""

import getpass
import json
import socket
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from crackscan.core.command_line import run_command
from crackscan.edge.appliance.bench import describe_surroundings, measure_stages, patches_in
from crackscan.edge.appliance.bench.stages import BACKGROUND, IN_LINE
from crackscan.edge.appliance.bench.wall import encoded_frames
from crackscan.edge.cli import crackscan
from crackscan.edge.inference.model import Model
from crackscan.edge.tracking.motion import estimate_motion, make_registration_image


@pytest.mark.parametrize(
    ("width", "height", "count"),
    [(640, 480, 63), (128, 128, 1), (129, 128, 2), (192, 192, 4), (1280, 720, 209)],
)
def test_patches_of_128_px_at_half_overlap_are_counted(width: int, height: int, count: int) -> None:
    assert patches_in(width, height) == count


def test_the_frames_show_a_wall_that_moves_steadily() -> None:
    frames = [
        np.asarray(cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        for one in encoded_frames(320, 240)[:3]
    ]
    assert frames[0].shape == (240, 320, 3)
    for one, other in pairwise(frames):
        motion = estimate_motion(make_registration_image(one), make_registration_image(other))
        assert motion.lost is None
        assert 3 < np.hypot(motion.dx, motion.dy) < 12


def test_a_run_times_every_stage_and_leaves_nothing_behind(tmp_path: Path) -> None:
    shares: list[float] = []
    found = measure_stages(Model.load(None, 1), 256, 192, 0.3, tmp_path, shares.append)
    assert [one.name for one in found.stages] == [*IN_LINE, *BACKGROUND]
    assert list(tmp_path.iterdir()) == []
    assert found.frames >= 5
    assert all(0 < one.p50_ms <= one.p99_ms for one in found.stages)
    by_name = {one.name: one for one in found.stages}
    assert all(by_name[name].count == found.frames for name in (*IN_LINE, "decode"))
    assert 1 <= by_name["encode"].count <= found.frames / 10 + 1, "beside the frames, not in line"
    assert by_name["record"].count >= 1, "the wall shows a crack in each frame"
    assert found.frame_ms == pytest.approx(sum(by_name[name].mean_ms for name in IN_LINE))
    assert found.patches_per_s == pytest.approx(found.patches * 1000 / found.frame_ms)
    means = {name: by_name[name].mean_ms for name in (*IN_LINE, "decode")}
    in_line_ms = sum(means[name] for name in IN_LINE)
    assert found.besides_model == pytest.approx(1 - means["model"] / in_line_ms)
    assert found.besides_model < found.besides_model_decoding < 1
    assert found.resident_mb is not None and 30 < found.resident_mb < 3000
    assert len(shares) >= found.frames and shares[-1] <= 1


def machine(root: Path, busy: int, governor: str = "ondemand") -> None:
    """A machine whose counters stand still at some ticks."""
    (root / "proc").mkdir(parents=True, exist_ok=True)
    (root / "proc/stat").write_text(f"cpu  {busy} 0 0 {1000 - busy} 0 0 0 0 0 0\n")
    (root / "proc/meminfo").write_text("MemTotal:        3884316 kB\n")
    cpu = root / "sys/devices/system/cpu/cpu0/cpufreq"
    cpu.mkdir(parents=True, exist_ok=True)
    (cpu / "scaling_governor").write_text(governor)
    (cpu / "cpuinfo_max_freq").write_text("1500000")
    (root / "proc/device-tree").mkdir(exist_ok=True)
    (root / "proc/device-tree/model").write_text("Raspberry Pi 4 Model B Rev 1.4\0")


def test_a_machine_that_others_use_is_called_not_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, 0)

    def others_work(_: float) -> None:
        (tmp_path / "proc/stat").write_text("cpu  300 0 50 1650 0 0 0 0 0 0\n")

    monkeypatch.setattr("crackscan.edge.appliance.bench.machine.time.sleep", others_work)
    around = describe_surroundings(tmp_path)
    assert around.others_share == 0.35
    assert around.warnings == ["the machine is not quiet: other programs use 35% of its cores"]
    assert around.board == "Raspberry Pi 4 Model B Rev 1.4"
    assert (around.most_mhz, around.governor) == (1500.0, "ondemand")
    assert around.memory_mb == 3978


def test_a_quiet_machine_has_no_warnings_and_a_slowed_one_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, 100)
    monkeypatch.setattr("crackscan.edge.appliance.bench.machine.time.sleep", lambda _: None)
    assert describe_surroundings(tmp_path).warnings == []
    machine(tmp_path, 100, "powersave")
    firmware = tmp_path / "sys/devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (firmware / "get_throttled").write_text("50005")
    assert describe_surroundings(tmp_path).warnings == [
        "the board says: undervoltage now",
        "the board says: throttled now",
        "the clock is set to powersave",
    ]


def bench(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["bench", "--seconds", "0.1", "--threads", "1", *arguments])
    assert not ended.value.code


def test_what_is_sent_holds_figures_and_no_personal_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    bench("--size", "160x128", "--size", "128x128", "--json", "--submit-file", "figures.json")
    printed = capsys.readouterr()
    sent = (tmp_path / "figures.json").read_text()
    document = json.loads(sent)
    assert document == {"crackscan_bench": 1, **json.loads(printed.out)}
    assert [(one["width"], one["threads"]) for one in document["runs"]] == [(160, 1), (128, 1)]
    assert set(document["runs"][0]["stages_ms"]) >= {*IN_LINE, "encode"}
    assert document["model"]["name"] == "crack-s" and "runtime" in document["versions"]
    assert document["machine"]["cores"]
    for private in (getpass.getuser(), socket.gethostname(), str(Path.home()), str(tmp_path)):
        assert f'"{private}' not in sent and f"{private}/" not in sent
    assert list(tmp_path.iterdir()) == [tmp_path / "figures.json"]


def test_the_table_has_stages_and_rates(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    bench("--size", "128x128", "--disk", str(tmp_path))
    printed = capsys.readouterr().out
    for words in (
        "cores ",
        "128x128, threads: 1",
        "p99 ms",
        "encode (background)",
        "frames/s",
        "MB",
        "with decoding",
    ):
        assert words in printed, printed


@pytest.mark.parametrize("size", ["640", "640x48", "64x9000", "axb", "100x100"])
def test_a_size_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], size: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["bench", "--size", size])
    assert ended.value.code == 2
    assert "a size is WIDTHxHEIGHT" in capsys.readouterr().err

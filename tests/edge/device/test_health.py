"""What a machine tells of itself, from trees of files as kernels of boards and PCs show them."""

from pathlib import Path

import pytest

from crackscan.edge.device.health import (
    Health,
    Throttling,
    read_board_name,
    read_health,
    read_throttling,
    resident_mb,
    temperature_c,
)

FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_raspberry_pi_that_is_well(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "51608\n",
            FIRMWARE: "0\n",
        },
    )
    assert read_board_name(tmp_path) == "Raspberry Pi 4 Model B Rev 1.4"
    found = read_health(tmp_path)
    assert found == Health(51.608, Throttling(0))
    assert not found.hot and not found.undervoltage


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0x0, []),
        (0x1, ["undervoltage now"]),
        (0x2, ["clock capped now"]),
        (0x4, ["throttled now"]),
        (0x8, ["soft temperature limit now"]),
        (0x10000, ["undervoltage since start"]),
        (0x20000, ["clock capped since start"]),
        (0x40000, ["throttled since start"]),
        (0x80000, ["soft temperature limit since start"]),
        (
            0x50005,
            [
                "undervoltage now",
                "throttled now",
                "undervoltage since start",
                "throttled since start",
            ],
        ),
        (0x100, []),  # a bit that no document names
    ],
)
def test_each_bit_of_throttling_has_its_words(tmp_path: Path, bits: int, words: list[str]) -> None:
    write(tmp_path, {FIRMWARE: f"{bits:x}\n"})
    found = read_throttling(tmp_path)
    assert found is not None and found.words == words
    assert found.now == bits & 0xF
    assert read_health(tmp_path).undervoltage == bool(bits & 1)


def test_hot_is_said_before_the_machine_says_it(tmp_path: Path) -> None:
    zone = "sys/class/thermal/thermal_zone0"
    for millidegrees, bits, hot in [
        ("79000", "0", False),
        ("80500", "0", True),
        ("60000", "4", True),
        ("60000", "40000", False),
        ("60000", "1", False),
    ]:
        write(tmp_path, {f"{zone}/type": "cpu-thermal", f"{zone}/temp": millidegrees})
        write(tmp_path, {FIRMWARE: bits})
        assert read_health(tmp_path).hot is hot, (millidegrees, bits)


def vcgencmd(folder: Path, script: str) -> None:
    """A real program in the place of the Pi's tool."""
    tool = folder / "vcgencmd"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


@pytest.mark.skipif(
    any(Path("/").glob("sys/devices/platform/soc*/*firmware*/get_throttled")),
    reason="this kernel is not silent",
)
@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('[ "$1" = get_throttled ] && echo throttled=0x50005', Throttling(0x50005)),
        ("echo throttled=0x0", Throttling(0)),
        ("echo 'VCHI initialization failed' >&2; exit 255", None),
        ("echo 'throttled=later'", None),
    ],
)
def test_vcgencmd_is_asked_where_the_kernel_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: Throttling | None
) -> None:
    vcgencmd(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert read_throttling() == found


def test_a_mainline_kernel_tells_undervoltage_only(tmp_path: Path) -> None:
    chip = "sys/class/hwmon/hwmon1"
    write(tmp_path, {f"{chip}/name": "rpi_volt\n", f"{chip}/in0_lcrit_alarm": "0\n"})
    assert read_throttling(tmp_path) == Throttling(0)
    write(tmp_path, {f"{chip}/in0_lcrit_alarm": "1\n"})
    assert read_throttling(tmp_path) == Throttling.UNDERVOLTAGE


def test_the_processor_of_a_pc_is_found_among_other_sensors(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/cpuinfo": "processor : 0\nmodel : 85\nmodel name : A Processor\n",
            "sys/class/thermal/thermal_zone0/type": "acpitz\n",
            "sys/class/thermal/thermal_zone0/temp": "99000\n",
            "sys/class/thermal/thermal_zone1/type": "x86_pkg_temp\n",
            "sys/class/thermal/thermal_zone1/temp": "45000\n",
            "sys/class/hwmon/hwmon0/name": "coretemp\n",
            "sys/class/hwmon/hwmon0/temp1_input": "47000\n",
            "sys/class/hwmon/hwmon0/temp2_input": "unreadable\n",
            "sys/class/hwmon/hwmon1/name": "nvme\n",
            "sys/class/hwmon/hwmon1/temp1_input": "80000\n",
        },
    )
    assert temperature_c(tmp_path) == 47.0
    assert read_board_name(tmp_path) == "A Processor"


def test_a_machine_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    assert read_health(tmp_path) == Health(None, None)
    assert not read_health(tmp_path).hot
    assert read_board_name(tmp_path) and resident_mb(tmp_path) is None


def test_this_process_occupies_memory() -> None:
    before = resident_mb()
    kept = bytearray(50_000_000)
    kept[::4096] = b"\1" * len(kept[::4096])
    after = resident_mb()
    assert before is not None and after is not None and 40 < after - before < 70

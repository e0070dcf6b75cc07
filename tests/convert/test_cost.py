"""Costs are counted from a file's operators and timed against a reference in the same run."""

import json
from pathlib import Path
from typing import Any

import pytest

from crackscan.convert.cost import core_name, measure_costs
from crackscan.convert.macs import count_macs
from crackscan.core.errors import ModelError

STEM, SEPARABLE = 48 * 32, ((9 * 32 + 32 * 64) / 64, (9 * 64 + 64 * 96) / 256)
"""Multiply-adds of strided-96 for each place: of the stem at stride 4, then from 4 to 8 to 16."""
BLOCK, HEAD = (9 * 96 + 96 * 96) / 256, 96 / 256


def by_hand(height: int, width: int) -> float:
    return height * width * (STEM / 16 + sum(SEPARABLE) + 5 * BLOCK + HEAD)


@pytest.mark.parametrize(("height", "width"), [(192, 192), (480, 640), (1088, 1920)])
def test_multiply_adds_are_those_that_the_layers_have(
    untrained: Path, height: int, width: int
) -> None:
    assert count_macs(untrained / "tiny.tflite", height, width) == by_hand(height, width)


def test_without_a_size_the_files_own_counts(untrained: Path) -> None:
    assert count_macs(untrained / "tiny.tflite") == by_hand(192, 192)


def test_a_frame_costs_as_many_patches_as_it_has_pixels_for(untrained: Path) -> None:
    """640x480 px are 8.3 times 192x192; a small patch has more that is paid only once."""
    tiny = untrained / "tiny.tflite"
    rounds_done: list[int] = []
    costs = measure_costs([tiny, tiny], tiny, 15, rounds_done.append)
    first, second = costs.models
    assert costs.reference_macs * 640 * 480 == first.macs * 192 * 192
    assert 3 < first.invocations.median < 20
    assert second.frame_ms.median == pytest.approx(first.frame_ms.median, rel=0.5)
    for spread in (first.frame_ms, first.invocations, costs.reference_ms):
        assert 0 < spread.low <= spread.median <= spread.high
    assert rounds_done[-1] == 15 and costs.rounds == 15


def test_a_model_that_takes_no_camera_bytes_is_refused(untrained: Path) -> None:
    with pytest.raises(ModelError, match="does not take camera bytes"):
        measure_costs([untrained / "float.tflite"], untrained / "tiny.tflite", 5)


def test_a_missing_model_is_reported_in_one_line(
    convert: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert("cost", "gone.tflite") == 1
    assert capsys.readouterr().err.strip() == "Error: there is no model file gone.tflite"


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("model name\t: AMD EPYC\nflags\t\t: avx2 avx512_vnni avx_vnni\n", "AMD EPYC"),
        ("Features\t: fp asimd asimddp\n", "asimddp"),
        ("Features\t: fp asimd crc32\n", "no int8 dot product"),
    ],
)
def test_the_core_is_named_with_its_fastest_instructions(
    tmp_path: Path, cpuinfo: str, expected: str
) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert expected in core_name(tmp_path / "cpuinfo")


@pytest.mark.system
def test_a_frame_is_counted_in_patches_of_mobilenetv2(
    convert: Any,
    untrained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert convert("cost", untrained / "tiny.tflite", "--rounds", "10", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["reference_macs"] == pytest.approx(300e6, rel=0.01)  # as the paper has it
    assert 0.2 < document["models"][0]["invocations"]["median"] < 2
    assert (tmp_path / "crackscan" / "mobilenetv2-224-int8.tflite").is_file()

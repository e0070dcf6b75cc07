"""Whatever shows a photograph, its model, operating point, findings and widths are the same."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from photographing import SAMPLES, jpeg, sample

from crackscan import detect
from crackscan.core.command_line import run_command
from crackscan.core.pictures import RGB
from crackscan.edge.cli import crackscan
from crackscan.edge.detection.finding_json import finding_dict

SCALES: dict[str, dict[str, Any]] = {
    "no scale": {},
    "1.2 m": {"distance": "1.2±0.05", "camera": "v3"},
    "0.3 m": {"distance": "0.3", "camera": "hq", "lens_mm": 6.0},
    "two points": {"points": "10,10,110,10,50", "operating_point": "high-recall"},
}
PICTURES: dict[str, Callable[[], RGB]] = {
    "patch.jpg": lambda: sample("cracked-patch-level.jpg"),
    "patch-2.jpg": lambda: resized("cracked-patch-upright.jpg", 2),
    "patch-3.png": lambda: resized("cracked-patch-level.jpg", 3),
    "small.jpg": lambda: resized("cracked-wall-below-tiles.jpg", 0.5),
    "wall.jpg": lambda: sample("cracked-wall-below-tiles.jpg"),
    "wall-2.jpg": lambda: resized("cracked-wall-below-tiles.jpg", 2),
    "render.jpg": lambda: resized("cracked-render.jpg", 0.7),
    "roof.jpg": lambda: resized("intact-rusty-roof.jpg", 0.5),
}
SHARED = set(finding_dict(detect(SAMPLES / "cracked-patch-level.jpg")[0]))


def resized(name: str, factor: float) -> RGB:
    return np.asarray(cv2.resize(sample(name), None, fx=factor, fy=factor), np.uint8)


@dataclass(frozen=True)
class Answers:
    """What each command says of one folder of pictures."""

    folder: Path
    scan: dict[str, Any]
    scanned: list[dict[str, Any]]
    """Lines of findings.jsonl."""
    classified: dict[str, dict[str, Any]]
    measured: list[dict[str, Any]]


@pytest.fixture(scope="module", params=SCALES)
def answers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Answers]:
    options = SCALES[request.param]
    folder, out = tmp_path_factory.mktemp("pictures"), tmp_path_factory.mktemp("out")
    for name, make in PICTURES.items():
        data = jpeg(make())
        if name.endswith(".png"):
            assert cv2.imwrite(str(folder / name), make()[..., ::-1])
        else:
            (folder / name).write_bytes(data)
    words = {"lens_mm": "--lens", "operating_point": "--operating-point"}
    flags = [
        text for key, value in options.items() for text in (words.get(key, f"--{key}"), str(value))
    ]
    call("scan", folder, "--out", out / "scan", "--workers", "1", *flags)
    classified = json.loads(call("classify", folder, "--json", *flags))
    return options, Answers(
        folder,
        json.loads((out / "scan" / "scan.json").read_text()),
        [json.loads(line) for line in (out / "scan" / "findings.jsonl").read_text().splitlines()],
        {Path(one["picture"]).name: one for one in classified},
        json.loads(call("measure", folder, "--json", *flags)),
    )


def call(*arguments: object) -> str:
    """What a command prints."""
    from contextlib import redirect_stdout
    from io import StringIO

    printed = StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        run_command(crackscan, [str(one) for one in arguments])
    assert not ended.value.code
    return printed.getvalue()


def shared(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in SHARED} for one in found]


@pytest.mark.parametrize("name", PICTURES)
def test_every_command_has_the_same_findings_and_widths(
    answers: tuple[dict[str, Any], Answers], name: str
) -> None:
    options, one = answers
    own = [finding_dict(finding) for finding in detect(one.folder / name, **options)]
    assert shared([line for line in one.scanned if line["frame"] == name]) == own
    assert one.classified[name]["findings"] == own
    assert shared([row for row in one.measured if Path(row["picture"]).name == name]) == own
    assert one.classified[name]["crack"] == bool(own)
    for found in own:
        assert len(found["box"]) == 4 and all(len(cell) == 2 for cell in found["cells"])
        assert (found["scale"] is None) == (not {"distance", "points"} & set(options))


def test_every_command_names_the_same_model_and_operating_point(
    answers: tuple[dict[str, Any], Answers],
) -> None:
    options, one = answers
    keys = ("model", "model_version", "operating_point")
    made_with = [one.scan[key] for key in keys]
    assert made_with[0] == "crack-m"
    assert made_with[2] == options.get("operating_point", "default")
    for row in (*one.classified.values(), *one.measured):
        assert [row[key] for key in keys] == made_with
    assert sum(bool(row["findings"]) for row in one.classified.values()) >= 4


def test_pixels_have_the_findings_of_their_lossless_file(
    answers: tuple[dict[str, Any], Answers],
) -> None:
    options, one = answers
    from crackscan.core.pictures import read_picture

    path = one.folder / "patch-3.png"
    by_file, by_pixels = detect(path, **options), detect(read_picture(path), **options)
    assert [finding_dict(found) for found in by_file] == [finding_dict(f) for f in by_pixels]


def test_one_picture_and_a_folder_have_the_same_findings(tmp_path: Path) -> None:
    call("scan", SAMPLES / "cracked-render.jpg", "--out", tmp_path / "one")
    lines = (tmp_path / "one" / "findings.jsonl").read_text().splitlines()
    own = [finding_dict(one) for one in detect(SAMPLES / "cracked-render.jpg")]
    assert shared([json.loads(line) for line in lines]) == own

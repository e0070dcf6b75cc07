"""Settings come from one file, the environment and flags, and a mistake is told in one line."""

import json
import tomllib
from pathlib import Path

import pytest

from crackscan.core.command_line import run_command
from crackscan.core.errors import CrackscanError
from crackscan.edge.cli import crackscan
from crackscan.edge.settings import KEYS, Settings, default_files, format_example, load_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text('position = "gpsd"\nreserve_mb = 100\nstale_s = 3\n')
    return path


def test_flags_stand_over_the_environment_and_that_over_the_file(file: Path) -> None:
    environment = {"CRACKSCAN_RESERVE_MB": "200", "CRACKSCAN_STALE_S": "4.5", "HOME": "/nowhere"}
    found = load_settings(file, {"stale_s": 7.0, "position": None}, environment)
    assert (found.position, found.reserve_mb, found.stale_s) == ("gpsd", 200, 7.0)
    assert found.operating_point == Settings().operating_point


def test_the_usual_file_is_read_and_the_users_own_comes_first(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere"}
    assert load_settings(environment=environment) == Settings()
    (tmp_path / "crackscan").mkdir()
    path = tmp_path / "crackscan" / "settings.toml"
    path.write_text("every = 3\n")
    assert default_files(environment)[0] == path
    assert load_settings(environment=environment).every == 3


def test_the_example_holds_every_setting_and_is_valid_without_its_comment_marks(
    tmp_path: Path,
) -> None:
    assert tomllib.loads(format_example()) == {}
    keys = [line[2:] for line in format_example().splitlines() if line[2:].split(" = ")[0] in KEYS]
    assert len(keys) == len(KEYS)
    path = tmp_path / "settings.toml"
    path.write_text("\n".join(keys))
    assert load_settings(path, environment={}).size_budget_mb == 8000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("reserve = 1", "there is no setting reserve: did you mean reserve_mb?"),
        ("colour = 1", "there is no setting colour; see: crackscan settings --example"),
        ('every = "two"', "every must be a whole number, not 'two'"),
        ("every = 1.5", "every must be a whole number, not 1.5"),
        ("every = true", "every must be a whole number, not True"),
        ("every = 0", "every must be at least 1, not 0"),
        ("stale_s = nan", "stale_s must be a number, not nan"),
        ("model = 3", "model must be a text, not 3"),
        ('annotate = "maybe"', "annotate must be one of: auto, yes, no, not 'maybe'"),
        ('distance = "far"', "distance must be metres, like 1.5 or 1.5±0.05, not 'far'"),
        ("distance = true", "distance must be a text, not True"),
        ('distance = "1.5±2"', "distance must be metres"),
        ('camera = "v9"', "camera must be a .json file of `crackscan calibrate`, or one of v1"),
        ("lens_mm = -1", "lens_mm must be at least 0, not -1"),
        ('target = "yes"', "target must be true or false, not 'yes'"),
        ('points = "1,2,3"', "points must be X1,Y1,X2,Y2,MM with places at least 10 px apart"),
        ('points = "1,1,2,2,9"', "points must be X1,Y1,X2,Y2,MM with places at least 10 px apart"),
        ("every = ", "is not TOML: Invalid value (at "),
    ],
)
def test_a_mistake_in_the_file_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(CrackscanError) as caught:
        load_settings(path, environment={})
    assert str(path) in str(caught.value) and told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_each_mistake_has_its_line_and_names_where_it_stands(file: Path) -> None:
    file.write_text("every = 0\ncolour = 1\n")
    with pytest.raises(CrackscanError) as caught:
        load_settings(file, environment={"CRACKSCAN_THREADS": "many", "CRACKSCAN_ELSEWHERE": "x"})
    assert str(caught.value).splitlines() == [
        f"{file}: every must be at least 1, not 0",
        f"{file}: there is no setting colour; see: crackscan settings --example",
        "CRACKSCAN_THREADS: threads must be a whole number, not 'many'",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lens_mm = 6.0", "a lens needs its camera: hq or gs"),
        ('camera = "hq"', "the HQ Camera comes without a lens"),
        ('camera = "v3"\nlens_mm = 6.0', "the Camera Module 3 has a lens of its own"),
        ('camera = "my.json"\nlens_mm = 6.0', "a camera file has its own lens"),
    ],
)
def test_camera_and_lens_must_fit(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(CrackscanError) as caught:
        load_settings(path, environment={})
    assert str(caught.value).startswith(f"camera and lens_mm: {told}")
    assert "\n" not in str(caught.value)


def test_the_scale_is_set_in_the_file_under_the_environment_and_flags(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('distance = 1.5\ncamera = "hq"\nlens_mm = 6\ntarget = true\n')
    found = load_settings(path, {"distance": None, "target": None}, {"CRACKSCAN_LENS_MM": "8"})
    assert (found.distance, found.camera, found.lens_mm) == ("1.5", "hq", 8.0) and found.target
    found = load_settings(path, {"target": False, "distance": "2±0.1"}, {"CRACKSCAN_TARGET": "yes"})
    assert found.distance == "2±0.1" and not found.target
    with pytest.raises(CrackscanError, match="CRACKSCAN_TARGET: target must be true or false"):
        load_settings(path, environment={"CRACKSCAN_TARGET": "perhaps"})


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(CrackscanError, match="cannot be read: No such file"):
        load_settings(tmp_path / "gone.toml", environment={})


def test_the_command_prints_what_is_in_effect(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRACKSCAN_SITE", 'Pier "3"')
    for arguments in (
        ["--settings", str(file)],
        ["--settings", str(file), "--json"],
        ["--example"],
    ):
        with pytest.raises(SystemExit) as ended:
            run_command(crackscan, ["settings", *arguments])
        assert not ended.value.code
    printed = capsys.readouterr().out
    told, _, rest = printed.partition("{")
    assert tomllib.loads(told)["reserve_mb"] == 100
    assert tomllib.loads(told)["site"] == 'Pier "3"'
    values = json.loads("{" + rest.partition("}")[0] + "}")
    assert values["stale_s"] == 3.0 and set(values) == set(KEYS)

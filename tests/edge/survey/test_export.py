"""Other programs read the exports."""

import csv
import json
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from surveying import CARD, INFO, SETTINGS, WALL_S, full_sighting, moment, place, sighting

from crackscan.core.command_line import run_command
from crackscan.edge.cli import crackscan
from crackscan.edge.positioning.clock import ClockSource, Instant
from crackscan.edge.survey import (
    Note,
    NoteKind,
    Review,
    ReviewVerdict,
    Survey,
    SurveyReader,
    TrackPoint,
)
from crackscan.edge.survey.database import DATABASE
from crackscan.edge.survey.export import FORMATS, export_findings

pyogrio = pytest.importorskip("pyogrio", reason="GDAL, which reads the exports, is not installed")

NAME = 'wall "A", 3\nsüd'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three findings: one with all data, one without a position, one far away."""
    survey = Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD)
    first = survey.add_finding(full_sighting())
    survey.add_picture(b"jpeg", "camera 0#7", moment(7), first)
    survey.add_review(Review(first, ReviewVerdict.ACCEPTED, "A. Roth", moment(9)))
    survey.add_finding(sighting(8, frame=NAME))
    far = place(-36.5, -179.25)
    assert far.position is not None
    unsure = replace(far, position=replace(far.position, accuracy_m=float("inf")))
    survey.add_finding(sighting(9, geotag=unsure))
    for at, lon in enumerate((179.99, 179.995, -179.998, -179.99)):
        survey.add_track(TrackPoint(moment(at), place(-36.5, lon)))
    survey.add_track(TrackPoint(moment(5), replace(place(), position=None)))
    survey.add_note(Note(moment(6), NoteKind.GAP, "the camera was unplugged", 4.5))
    survey.close()
    return survey.folder


@pytest.fixture
def reader(folder: Path) -> Iterator[SurveyReader]:
    with SurveyReader(folder) as reader:
        yield reader


def rows(path: Path, layer: str) -> tuple[dict[str, Any], list[Any], list[dict[str, Any]]]:
    """What GDAL reads: the metadata of the layer, the geometries as WKB, and the fields."""
    meta, _, shapes, columns = pyogrio.raw.read(path, layer=layer)
    names = list(meta["fields"])
    entries = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return meta, [] if shapes is None else list(shapes), entries


def point(wkb: bytes) -> tuple[float, float]:
    order, kind, x, y = struct.unpack("<BIdd", wkb)
    assert (order, kind) == (1, 1)
    return x, y


def test_a_geopackage_is_read_by_gdal(reader: SurveyReader, tmp_path: Path) -> None:
    path = tmp_path / "visit.gpkg"
    assert export_findings(reader, "gpkg", path) == 3
    layers = [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    assert layers == [("findings", "Point"), ("track", "Point"), ("notes", None)]
    meta, shapes, found = rows(path, "findings")
    assert meta["crs"] == "EPSG:4326"
    assert point(shapes[0]) == (9.25, 47.5) and point(shapes[2]) == (-179.25, -36.5)
    assert shapes[1] is None
    assert [one["finding"] for one in found] == [1, 2, 3]
    assert str(found[0]["time"]).startswith("2027-01-15T08:00:07")
    assert found[0]["time_from"] == "gps"
    assert (found[0]["width_max_px"], found[0]["width_max_mm"]) == (4.0, 0.4)
    # 0.8 px of the measure and 5 % of the scale, in quadrature:
    assert found[0]["width_max_uncertainty_mm"] == pytest.approx(0.0825, abs=1e-4)
    assert (found[0]["review"], found[0]["picture"]) == ("accepted", "frames/00000001.jpg")
    assert found[1]["frame"] == NAME
    _, shapes, track = rows(path, "track")
    assert len(track) == 5 and shapes[4] is None and point(shapes[0]) == (179.99, -36.5)
    _, _, notes = rows(path, "notes")
    assert [(one["kind"], one["seconds"]) for one in notes] == [("gap", 4.5)]


def test_a_geopackage_follows_its_standard(reader: SurveyReader, tmp_path: Path) -> None:
    path = tmp_path / "visit.gpkg"
    export_findings(reader, "gpkg", path)
    data = path.read_bytes()
    assert data[68:72] == b"GPKG" and int.from_bytes(data[60:64], "big") == 10300
    with sqlite3.connect(path) as package:
        assert package.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert package.execute("PRAGMA foreign_key_check").fetchall() == []
        systems = package.execute("SELECT srs_id FROM gpkg_spatial_ref_sys ORDER BY 1")
        assert [number for (number,) in systems] == [-1, 0, 4326]
        [bounds] = package.execute(
            "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = 'findings'"
        )
        assert bounds == (-179.25, -36.5, 9.25, 47.5)
        [(blob,)] = package.execute("SELECT geom FROM findings WHERE id = 1")
        assert blob[:4] == b"GP\x00\x01" and struct.unpack_from("<i", blob, 4) == (4326,)
        for table in ("findings", "track", "notes"):
            kinds = {row[2] for row in package.execute(f"PRAGMA table_info({table})")}
            assert kinds <= {"INTEGER", "REAL", "TEXT", "DATETIME", "POINT"}
    package.close()


def test_geojson_is_read_by_gdal_and_follows_its_standard(
    reader: SurveyReader, tmp_path: Path
) -> None:
    path = tmp_path / "visit.geojson"
    assert export_findings(reader, "geojson", path) == 3
    collection = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert collection["type"] == "FeatureCollection" and "crs" not in collection
    *findings, track = collection["features"]
    assert findings[0]["geometry"] == {"type": "Point", "coordinates": [9.25, 47.5]}
    assert findings[1]["geometry"] is None
    assert findings[2]["properties"]["accuracy_m"] is None
    assert track["properties"] == {"kind": "track", "session": 1}
    # Cut where it crosses the 180th meridian (RFC 7946, 3.1.9):
    assert track["geometry"] == {
        "type": "MultiLineString",
        "coordinates": [
            [[179.99, -36.5], [179.995, -36.5]],
            [[-179.998, -36.5], [-179.99, -36.5]],
        ],
    }
    meta, shapes, found = rows(path, "visit")
    assert meta["crs"] == "EPSG:4326" and len(shapes) == 4
    assert point(shapes[0]) == (9.25, 47.5)
    assert found[1]["frame"] == NAME


def test_csv_is_read_by_gdal_and_python(reader: SurveyReader, tmp_path: Path) -> None:
    path = tmp_path / "visit.csv"
    assert export_findings(reader, "csv", path) == 3
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [one["finding"] for one in found] == ["1", "2", "3"]
    assert found[0]["time"] == "2027-01-15T08:00:07.000Z"
    assert (found[0]["lat"], found[0]["lon"], found[1]["lat"]) == ("47.5", "9.25", "")
    assert (found[1]["frame"], found[2]["accuracy_m"]) == (NAME, "")
    _, _, read = rows(path, "visit")
    assert len(read) == 3 and read[1]["frame"] == NAME


@pytest.mark.parametrize("kind", FORMATS)
def test_a_survey_without_findings_gives_a_valid_file(tmp_path: Path, kind: str) -> None:
    Survey.create(tmp_path / "empty", INFO, SETTINGS, CARD).close()
    path = tmp_path / f"empty.{kind}"
    with SurveyReader(tmp_path / "empty") as reader:
        assert export_findings(reader, kind, path) == 0
    if kind != "csv":
        layer = "findings" if kind == "gpkg" else "empty"
        assert rows(path, layer)[2] == []


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, [str(one) for one in arguments])
    return int(ended.value.code or 0)


def test_the_commands_list_and_export(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = shutil.copytree(folder, tmp_path / "later" / "broken")
    (broken / DATABASE).write_bytes(b"x" * 5000)
    shutil.copytree(folder, tmp_path / ".half.new")
    assert command("surveys", tmp_path) == 0
    out, err = capsys.readouterr()
    assert "north face" in out and "half" not in out
    assert "broken" in err and "is damaged" in err and err.count("\n") == 1
    assert command("surveys", tmp_path, "--json") == 0
    sound, damaged = sorted(json.loads(capsys.readouterr().out), key=lambda one: "error" in one)
    assert (sound["findings"], sound["pictures"], sound["site"]) == (3, 1, "Mill Bridge")
    assert sound["began"].endswith("Z") and sound["ended"].endswith("Z")
    assert "is damaged" in damaged["error"]
    for kind in FORMATS:
        assert command("export", folder, "--format", kind, "--out", tmp_path / f"x.{kind}") == 0
        assert capsys.readouterr().out == f"{tmp_path}/x.{kind}: 3 findings\n"
        assert command("export", folder, "--format", kind, "--out", tmp_path / f"x.{kind}") == 1
        assert "exists already: name another file, or add --overwrite" in capsys.readouterr().err
        again = ("--out", tmp_path / f"x.{kind}", "--overwrite")
        assert command("export", folder, "--format", kind, *again) == 0
        capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (("surveys", "missing"), "missing is not a folder", 1),
        (("export", ".", "--format", "csv", "--out", "x.csv"), "holds no survey", 1),
        (("export", "visit", "--format", "dxf", "--out", "x"), "'dxf' is not one of", 2),
        (("export", "visit", "--format", "csv", "--out", "no/x"), "no/x: No such file", 1),
    ],
)
def test_a_mistake_gives_a_one_line_error(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
    code: int,
) -> None:
    monkeypatch.chdir(folder.parent)
    assert command(*arguments) == code
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error
    assert not list(folder.parent.glob(".*.part"))


def test_a_folder_without_surveys_gives_an_empty_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("surveys", tmp_path) == 0
    assert capsys.readouterr().out == f"no surveys in {tmp_path}\n"
    assert command("surveys", tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_an_export_that_fails_leaves_the_old_file(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")
    with SurveyReader(folder) as reader:
        reader.close()
        with pytest.raises(sqlite3.ProgrammingError):
            list(reader.findings())
    data = bytearray((folder / DATABASE).read_bytes())
    root = _root_page(folder, "finding")
    data[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    (folder / DATABASE).write_bytes(data)
    with SurveyReader(folder) as reader, pytest.raises(Exception, match="cannot export"):
        export_findings(reader, "csv", path, overwrite=True)
    assert path.read_text() == "old"
    assert not list(tmp_path.glob(".*.part"))


def _root_page(folder: Path, table: str) -> int:
    with sqlite3.connect(folder / DATABASE) as database:
        row = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
        root: int = row.fetchone()[0]
    database.close()
    return root


def test_times_before_the_clock_was_set_are_corrected(tmp_path: Path) -> None:
    survey = Survey.create(tmp_path / "visit", INFO, SETTINGS, CARD)
    wrong = Instant(survey.began.monotonic_s + 1, 7.0, ClockSource.UNKNOWN)
    survey.add_finding(sighting(1, first=wrong, last=wrong))
    set_later = (survey.began.monotonic_s + 11, WALL_S, int(ClockSource.NTP))
    survey._connection.execute(
        "UPDATE session SET anchor_monotonic_s = ?, anchor_wall_s = ?, anchor_wall_from = ?",
        set_later,
    )
    survey.close()
    with SurveyReader(survey.folder) as reader:
        export_findings(reader, "csv", tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        [found] = csv.DictReader(file)
    assert (found["time"], found["time_from"]) == ("2027-01-15T07:59:50.000Z", "ntp")

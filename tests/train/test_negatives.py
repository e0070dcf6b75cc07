"""Pictures to train on are taken from packages, whole, credited, and only if they are the same."""

import csv
import hashlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from crackscan.core.errors import CrackscanError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture
from crackscan.train.cli import crackscan_train
from crackscan.train.data.negatives import Negative, collect_negatives, read_list, shrink_picture

needs_apt = pytest.mark.skipif(
    shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None, reason="no apt here"
)
FREE = {"CC0-1.0", "CC-BY-2.0", "CC-BY-4.0", "BSD-3-Clause", "MIT", "public domain"}
WIDE = Negative("sky.jpg", "skies", "usr/share/skies/wide.png", "CC0-1.0", "A. Nyone", "")


@pytest.fixture
def archive(tmp_path: Path) -> tuple[str, Negative]:
    """A Debian archive with one package of one picture, and that picture's entry."""
    folder = tmp_path / "archive"
    root = folder / "root"
    picture = root / WIDE.path
    picture.parent.mkdir(parents=True)
    rgb = np.zeros((500, 2000, 3), np.uint8)
    rgb[:, :1000] = 200, 30, 60
    write_picture(picture, rgb)
    control = "Package: skies\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.org>\n"
    control += "Description: skies\n"
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(control)
    deb = folder / "skies_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", str(root), str(deb)], check=True, capture_output=True)
    (folder / "Packages").write_text(
        control + f"Filename: ./{deb.name}\nSize: {deb.stat().st_size}\n"
        f"SHA256: {hashlib.sha256(deb.read_bytes()).hexdigest()}\n"
    )
    sha256 = hashlib.sha256(picture.read_bytes()).hexdigest()
    return f"deb [trusted=yes] file:{folder} ./", replace(WIDE, sha256=sha256)


@needs_apt
def test_a_picture_leaves_its_package_smaller_as_rgb_and_with_its_credit(
    archive: tuple[str, Negative], tmp_path: Path
) -> None:
    source, negative = archive
    stages: list[tuple[str, int, int]] = []
    out = tmp_path / "out"
    collected = collect_negatives(out, [negative], source, lambda *stage: stages.append(stage))
    assert collected.pictures == (out / "sky.jpg",)
    assert collected.missing == ()
    rgb = read_picture(out / "sky.jpg")
    assert rgb.shape == (256, 1024, 3)
    assert np.abs(rgb[128, 200].astype(int) - (200, 30, 60)).max() <= 6
    with (out / "CREDITS.tsv").open(newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert row["file"] == "sky.jpg"
    assert (row["licence"], row["author"]) == ("CC0-1.0", "A. Nyone")
    assert stages[-1][1:] == (1, 1)
    assert sorted(p.name for p in out.iterdir()) == ["CREDITS.tsv", "sky.jpg"]


@needs_apt
def test_another_picture_under_the_same_name_is_not_taken(
    archive: tuple[str, Negative], tmp_path: Path
) -> None:
    source, negative = archive
    changed = replace(negative, sha256="0" * 64)
    gone = replace(negative, file="gone.jpg", path="usr/share/skies/gone.png")
    collected = collect_negatives(tmp_path / "out", [changed, gone], source)
    assert collected.pictures == ()
    assert collected.missing == (changed, gone)


@needs_apt
def test_a_package_that_does_not_exist_is_named_in_one_line(
    archive: tuple[str, Negative], tmp_path: Path
) -> None:
    source, negative = archive
    with pytest.raises(CrackscanError, match="no-such-skies") as caught:
        collect_negatives(tmp_path / "out", [replace(negative, package="no-such-skies")], source)
    assert "\n" not in str(caught.value)


@needs_apt
def test_an_archive_that_does_not_answer_is_named_in_one_line(tmp_path: Path) -> None:
    source = f"deb [trusted=yes] file:{tmp_path / 'nowhere'} ./"
    with pytest.raises(CrackscanError, match="apt-get update failed") as caught:
        collect_negatives(tmp_path / "out", [WIDE], source)
    assert "\n" not in str(caught.value)


def test_without_apt_the_command_names_where_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(crackscan_train, ["negatives", "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, CrackscanError)
    assert "apt-get is not installed" in str(result.exception)
    assert "Debian" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_every_listed_picture_is_free_credited_and_has_its_own_name() -> None:
    negatives = read_list()
    assert len(negatives) >= 60
    assert len({n.file for n in negatives}) == len({n.sha256 for n in negatives}) == len(negatives)
    for negative in negatives:
        assert negative.licence in FREE, negative
        assert negative.author, negative
        assert len(negative.sha256) == 64, negative
        assert Path(negative.file).name == negative.file
        assert negative.file.endswith(".jpg")
        assert not Path(negative.path).is_absolute()
        assert ".." not in Path(negative.path).parts


@pytest.mark.parametrize(
    ("before", "after"),
    [((500, 2000), (256, 1024)), ((2000, 500), (1024, 256)), ((300, 451), (300, 451))],
)
def test_a_picture_is_made_smaller_but_never_larger(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    assert shrink_picture(np.zeros((*before, 3), np.uint8)).shape == (*after, 3)

"""What is drawn on a photograph becomes masks and cells, and the committed drawings are sound."""

import json
from pathlib import Path

import numpy as np
import pytest

from crackscan.core.errors import DataError
from crackscan.train.data.field_annotations import (
    ANNOTATIONS,
    Annotation,
    Polyline,
    cell_labels,
    draw_masks,
    read_annotations,
)

PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "field_photos"


def drawn(
    crack: tuple[Polyline, ...] = (), ignore: tuple[tuple[tuple[float, float], ...], ...] = ()
) -> Annotation:
    free = not crack and not ignore
    return Annotation("wall.jpg", 96, 64, "patch", "concrete", ("joints",), free, crack, ignore)


HORIZONTAL = Polyline(((0, 24), (95, 24)), 2)


def test_a_crack_marks_its_cells_and_leaves_its_neighbours_unknown() -> None:
    labels = cell_labels(drawn((HORIZONTAL,)), (64, 96))
    assert labels.dtype == np.int8
    assert labels.tolist() == [[-1] * 6, [1] * 6, [-1] * 6, [0] * 6]


def test_a_crack_of_fewer_than_four_pixels_in_a_cell_does_not_make_it_a_crack_cell() -> None:
    labels = cell_labels(drawn((Polyline(((13, 8), (18, 8)), 1),)), (64, 96))
    assert labels[0, 0] == -1
    assert (labels != 1).all()
    labels = cell_labels(drawn((Polyline(((12, 8), (18, 8)), 1),)), (64, 96))
    assert labels[0, 0] == 1


def test_an_ignored_area_is_unknown_but_a_crack_in_it_is_still_a_crack() -> None:
    everywhere = (((0.0, 0.0), (96.0, 0.0), (96.0, 64.0), (0.0, 64.0)),)
    labels = cell_labels(drawn((HORIZONTAL,), everywhere), (64, 96))
    assert (labels[1] == 1).all()
    assert (np.delete(labels, 1, axis=0) == -1).all()


def test_a_crack_free_photograph_is_no_crack_everywhere() -> None:
    assert (cell_labels(drawn(), (64, 96)) == 0).all()


@pytest.mark.parametrize(
    ("shape", "cells"), [((64, 96), (4, 6)), ((65, 97), (5, 7)), ((128, 192), (8, 12))]
)
def test_every_pixel_of_the_photograph_lies_in_a_cell(
    shape: tuple[int, int], cells: tuple[int, int]
) -> None:
    assert cell_labels(drawn((HORIZONTAL,)), shape).shape == cells


@pytest.mark.parametrize("factor", [0.25, 0.5, 1, 2])
def test_masks_follow_the_photograph_when_it_is_resized(factor: float) -> None:
    shape = (round(64 * factor), round(96 * factor))
    crack, ignore = draw_masks(
        drawn((HORIZONTAL,), (((0, 48), (96, 48), (96, 64), (0, 64)),)), shape
    )
    assert crack.shape == ignore.shape == shape
    rows = np.flatnonzero(crack.any(axis=1))
    assert abs(rows.mean() + 0.5 - 24.5 * factor) <= 1
    assert max(1, 2 * factor) <= len(rows) <= 2 * factor + 1
    below = np.flatnonzero(ignore.any(axis=1))
    assert abs(below.min() - 48 * factor) <= 1
    assert below.max() == shape[0] - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "not an annotation file"),
        ('{"photos": [{"file": "x.jpg"}]}', "not an annotation file"),
        (
            '{"photos": [{"file": "x.jpg", "width": 9, "height": 9, "scene": "", "surface": "",'
            ' "contents": [], "crack_free": true, "crack": [], "ignore": [[[0, 0]]]}]}',
            "crack-free but has drawings",
        ),
    ],
)
def test_a_broken_annotation_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "photos.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_annotations(path)


def test_a_missing_annotation_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"photos\.json: no such"):
        read_annotations(tmp_path / "photos.json")


def test_the_committed_drawings_lie_on_their_photographs() -> None:
    annotations = read_annotations()
    assert len({a.file for a in annotations}) == len(annotations) == 54
    for annotation in annotations:
        assert annotation.scene and annotation.surface and annotation.contents, annotation.file
        for line in annotation.crack:
            assert len(line.points) >= 2, annotation.file
            assert 1 <= line.width_px <= 20, annotation.file
        for points in (*(line.points for line in annotation.crack), *annotation.ignore):
            xs, ys = zip(*points, strict=True)
            assert 0 <= min(xs) <= max(xs) <= annotation.width, annotation.file
            assert 0 <= min(ys) <= max(ys) <= annotation.height, annotation.file
        assert all(len(polygon) >= 3 for polygon in annotation.ignore), annotation.file


def test_photographs_named_after_cracks_have_cracks_drawn_and_intact_patches_have_none() -> None:
    for annotation in read_annotations():
        if annotation.file.startswith(("mbdd-crack-", "sdnet-cracked-")):
            assert annotation.crack, annotation.file
        if "non-cracked" in annotation.file:
            assert annotation.crack_free, annotation.file


def test_the_annotation_file_is_read_without_losing_a_photograph() -> None:
    photos = json.loads(ANNOTATIONS.read_text())["photos"]
    assert [p["file"] for p in photos] == [a.file for a in read_annotations()]
    assert [len(p["crack"]) for p in photos] == [len(a.crack) for a in read_annotations()]


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the field photographs are not beside the checkout")
def test_every_photograph_is_annotated_at_its_size_and_stands_in_the_licence_table() -> None:
    import cv2

    table = (PHOTOS / "ATTRIBUTION.md").read_text()
    annotations = {a.file: a for a in read_annotations()}
    assert set(annotations) == {path.name for path in PHOTOS.glob("*.jpg")}
    for name, annotation in annotations.items():
        assert f"| {Path(name).stem} |" in table
        picture = cv2.imread(str(PHOTOS / name))
        assert picture is not None
        assert picture.shape[:2] == (annotation.height, annotation.width), name

"""Copies are found under re-encoding, mirrors and half turns, and distinct walls stay distinct."""

import csv
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscan.core.dataset.index import Item
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import RGB, read_picture
from crackscan.train.data.copies import find_copies
from crackscan.train.data.thumbnails import Thumbnails, read_thumbnails

CHECKOUT = Path(__file__).parents[2]
SAMPLES = CHECKOUT / "samples" / "patches"
PAIRS = [
    {"negative/10465.jpg", "negative/11513.jpg"},
    {"positive/00688.jpg", "positive/17207_1.jpg"},
    {"positive/07438.jpg", "positive/10485_1.jpg"},
]
EXTRA = {"11513.jpg", "17207_1.jpg", "10485_1.jpg"}
PATCHES = sorted(path for path in SAMPLES.glob("*/*.jpg") if path.name not in EXTRA)
METU = CHECKOUT.parent / "shared" / "data" / "metu"


def silent(*_: object) -> None:
    pass


def read_patches(root: Path, paths: list[Path]) -> Thumbnails:
    items = [Item(path.relative_to(root).as_posix(), label=True) for path in paths]
    return read_thumbnails(root, items, silent)


def group_copies(thumbnails: Thumbnails) -> list[int]:
    return find_copies(thumbnails.grey, thumbnails.digests, silent).group.tolist()


def write_and_read(
    root: Path, pictures: list[RGB], quality: int = 90, suffix: str = "jpg"
) -> Thumbnails:
    paths = [root / f"{i:03}.{suffix}" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        write_picture(path, np.ascontiguousarray(picture), quality)
    return read_patches(root, paths)


@pytest.fixture(scope="module")
def originals() -> Thumbnails:
    return read_patches(CHECKOUT, PATCHES)


def test_the_copies_among_the_samples_are_found_and_nothing_else():
    thumbnails = read_patches(SAMPLES, sorted(SAMPLES.glob("*/*.jpg")))
    found = defaultdict(set)
    for item, group in zip(thumbnails.items, group_copies(thumbnails), strict=True):
        found[group].add(item.path)
    assert [names for names in found.values() if len(names) > 1] == PAIRS


@pytest.mark.parametrize(
    ("change", "quality"),
    [
        pytest.param(lambda rgb: rgb, 60, id="re-encoded"),
        pytest.param(lambda rgb: rgb[:, ::-1], 90, id="left-right mirror"),
        pytest.param(lambda rgb: rgb[::-1], 90, id="top-bottom mirror"),
        pytest.param(lambda rgb: rgb[::-1, ::-1], 90, id="half turn"),
        pytest.param(lambda rgb: rgb[:, ::-1], 60, id="mirrored and re-encoded"),
        pytest.param(lambda rgb: cv2.resize(rgb, (224, 224)), 90, id="resized for a network"),
        pytest.param(lambda rgb: cv2.convertScaleAbs(rgb, alpha=0.8), 90, id="darkened"),
    ],
)
def test_a_copy_joins_its_original(originals, tmp_path, change, quality):
    copies = write_and_read(tmp_path, [change(read_picture(path)) for path in PATCHES], quality)
    grey = np.concatenate([originals.grey, copies.grey])
    found = find_copies(grey, originals.digests + copies.digests, silent).group
    assert found.tolist() == [*range(len(PATCHES)), *range(len(PATCHES))]


def test_a_quarter_turn_is_no_copy(tmp_path):
    rgb = read_picture(PATCHES[-1])
    assert group_copies(write_and_read(tmp_path, [rgb, np.rot90(rgb)])) == [0, 1]


def test_a_copy_of_a_copy_joins_them_all():
    """A chain of pictures, each like the next alone, is one group."""
    first, last = np.random.default_rng(0).normal(128, 20, (2, 16, 16))
    steps = np.linspace(0, 1, 30)[:, None, None]
    chain = ((1 - steps) * first + steps * last).astype(np.float32)
    assert find_copies(chain[[0, -1]], ["0", "1"], silent).group.tolist() == [0, 1]
    assert not find_copies(chain, [str(i) for i in range(30)], silent).group.any()


def test_lamplight_alone_makes_no_copies(tmp_path):
    """Plain walls under one lamp share their shading, and nothing else."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:227j, -1:1:227j]
    lamp = 210 - 90 * ((x - 0.3) ** 2 + (y + 0.2) ** 2)
    grain = [cv2.GaussianBlur(random.normal(0, 40, (227, 227)), (0, 0), 3) for _ in range(8)]
    walls = [np.clip(lamp + g, 0, 255).astype(np.uint8)[..., None].repeat(3, 2) for g in grain]
    thumbnails = write_and_read(tmp_path, walls)
    brightness = thumbnails.grey.reshape(8, -1)
    assert np.corrcoef(brightness).min() > 0.985
    assert group_copies(thumbnails) == list(range(8))


def test_two_views_of_one_crack_are_a_family_but_no_copies(tmp_path):
    rgb = read_picture(SAMPLES / "positive" / "05217.jpg")
    thumbnails = write_and_read(tmp_path, [rgb[:-4, :-4], rgb[4:, 4:], read_picture(PATCHES[0])])
    found = find_copies(thumbnails.grey, thumbnails.digests, silent)
    assert found.group.tolist() == [0, 1, 2]
    assert found.family.tolist() == [0, 0, 1]


def test_blank_pictures_are_copies_only_as_equal_files(tmp_path):
    blank = [np.full((64, 64, 3), value, np.uint8) for value in (0, 255, 0)]
    assert group_copies(write_and_read(tmp_path, blank, suffix="png")) == [0, 1, 0]


def test_thousands_of_copies_of_one_picture_are_one_group(originals):
    grey = originals.grey[:1].repeat(1500, axis=0)
    assert not find_copies(grey, [str(i) for i in range(1500)], silent).group.any()


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(40)))
def test_what_belongs_together_does_not_depend_on_the_order(order):
    random = np.random.default_rng(3)
    walls = random.normal(128, 20, (20, 16, 16)).astype(np.float32)
    grey = np.concatenate([walls, walls[:, ::-1]])
    found = find_copies(grey[list(order)], [str(i) for i in order], silent).group
    assert {frozenset(np.array(order)[found == g].tolist()) for g in set(found.tolist())} == {
        frozenset({i, i + 20}) for i in range(20)
    }


@pytest.mark.system
@pytest.mark.skipif(not METU.is_dir(), reason="needs the data set beside the checkout")
def test_the_known_copies_of_metu_are_found():
    """All 2,982 files known to be copies, among a third of the distinct ones."""
    with (METU / "copies.csv").open() as file:
        truth = {f"{r['class']}/{r['file']}": r["copy_group"] for r in csv.DictReader(file)}
    distinct = {p for p in METU.glob("*/*.jpg") if p.relative_to(METU).as_posix() not in truth}
    thumbnails = read_patches(
        METU, sorted([*(METU / name for name in truth), *sorted(distinct)[::3]])
    )

    group = dict(
        zip((item.path for item in thumbnails.items), group_copies(thumbnails), strict=True)
    )
    true_groups, found = defaultdict(list), defaultdict(set)
    for path, number in group.items():
        true_groups[truth.get(path, path)].append(path)
        found[number].add(truth.get(path, path))
    pairs = [pair for paths in true_groups.values() for pair in combinations(paths, 2)]
    recall = sum(group[a] == group[b] for a, b in pairs) / len(pairs)
    false_merges = sum(len(names) > 1 for names in found.values())
    assert recall >= 0.99
    assert false_merges <= 0.005 * sum(len(paths) > 1 for paths in true_groups.values())

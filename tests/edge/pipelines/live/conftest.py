"""Lets the tests of the scan import what they share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scanning import clip, plain, wall

from crackscan.core.picture_writing import write_picture
from crackscan.edge.detection.finding import Rule
from crackscan.edge.inference.model import Model
from crackscan.edge.pipelines.live import Setup
from crackscan.edge.settings import Settings


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "north").mkdir(parents=True)
    write_picture(folder / "crack.jpg", wall(), quality=95)
    write_picture(folder / "north" / "crack.png", wall(shift=20))
    write_picture(folder / "plain.jpg", plain(99, 103))
    return folder


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More frames than any test waits for."""
    return clip(tmp_path_factory.mktemp("clip") / "long.mp4", 2000)


@pytest.fixture(scope="session")
def setup() -> Setup:
    model = Model.load(threads=1)
    return Setup(model, Rule.of(model.card), Settings(reserve_mb=0))

"""Sightings, moments and places for the tests of the record."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.positioning import Attitude, Carrier, Distance, Geotag, Position
from crackscan.edge.positioning.clock import ClockSource, Instant
from crackscan.edge.survey import Measurement, Measurements, Scale, Sighting, SurveyInfo

INFO = SurveyInfo("north face", "Mill Bridge", "pi-7", "picamera:0", "crack-s", "3")
SETTINGS = {"threshold": 0.71}
CARD = '{"name": "crack-s"}'
WALL_S = 1_800_000_000.0


def moment(at_s: float, origin: ClockSource = ClockSource.GPS) -> Instant:
    return Instant(100.0 + at_s, WALL_S + at_s, origin)


def place(lat: float = 47.5, lon: float = 9.25) -> Geotag:
    return Geotag(
        Position(lat, lon, "gpsd", 0.4, 2.5, 431.0, 6.0, None, WALL_S),
        Attitude(271.5, -12.0, 0.5, Carrier.VEHICLE, age_s=0.1),
        Distance(3.42, "rangefinder", 0.2),
    )


def sighting(number: int = 0, **changes: Any) -> Sighting:
    """A finding that its number makes different from all others."""
    plain = Sighting(
        first=moment(number),
        last=moment(number),
        frame=f"camera 0#{number}",
        frame_index=number,
        frame_width=1280,
        frame_height=720,
        box=BoundingBox(16, 32, 160 + number % 700, 640),
        cells=((2, 1), (3, 1), (number % 45, 9)),
        area_px=768,
        probability=0.91,
        peak=0.97,
        mean=0.75,
    )
    return replace(plain, **changes)


def full_sighting() -> Sighting:
    """A finding with all optional data."""
    lines = (
        np.array([[1, 2, 3.5, 0.5], [2, 2, np.nan, np.nan]], np.float32),
        np.array([[5, 6, 1.25, 0.25]], np.float32),
    )
    measures = Measurements(
        Measurement(120.0, 3.0),
        Measurement(2.0, 0.5),
        Measurement(3.0, 0.6),
        Measurement(4.0, 0.8),
        (7.5, 8.0),
    )
    return sighting(
        7,
        geotag=place(),
        scale=Scale(0.1, 0.05, "distance"),
        measures=measures,
        lines=lines,
        frames_seen=12,
        clip_s=3.5,
    )


def names(folder: Path) -> list[str]:
    """Names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())

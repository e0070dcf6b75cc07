"""One string names a source of positions; a wrong one is answered in one line."""

import pytest

from crackscan.core.errors import PositionError
from crackscan.edge.positioning import NO_GEOTAG, open_position
from crackscan.edge.positioning.base import NoPosition
from crackscan.edge.positioning.photo import PhotoPosition


def test_none_knows_no_place() -> None:
    with open_position("none") as source:
        assert isinstance(source, NoPosition)
        assert source.geotag_at(1.0) is NO_GEOTAG
        assert source.satellite_time() is None and source.state() == "ready"


def test_photographs_are_asked_for_themselves() -> None:
    with open_position("exif", stale_s=7.0) as source:
        assert isinstance(source, PhotoPosition) and source.stale_s == 7.0
        assert source.geotag_at(1.0) is NO_GEOTAG


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gps", "is no source of positions: give gpsd:host:port"),
        ("", "is no source of positions"),
        ("gpsd://host:none", "is no gpsd: give gpsd:host:port"),
        ("gpsd://host:99999", "is no gpsd"),
        ("mavlink:udp", "is no MAVLink connection: give mavlink:udp:0.0.0.0:14550"),
        ("mavlink:udp:host", "is no MAVLink connection"),
        ("mavlink:udp:0.0.0.0:70000", "there is no port 70000"),
        ("mavlink:sctp:h:1", "is no MAVLink connection"),
        ("mavlink:/dev/ttyAMA0", "is no MAVLink connection"),
        ("mavlink:/dev/ttyAMA0:57601", "57601 is no rate of a serial line"),
    ],
)
def test_a_wrong_name_is_answered_in_one_line(name: str, told: str) -> None:
    with pytest.raises(PositionError) as error:
        open_position(name)
    assert told in str(error.value) and "\n" not in str(error.value)

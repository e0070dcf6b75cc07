"""A string names a source of positions; a wrong one is refused in one line."""

import pytest

from crackscan.core.errors import PositionError
from crackscan.edge.positioning import NO_GEOTAG, open_position
from crackscan.edge.positioning.photo import PhotoPosition
from crackscan.edge.positioning.source import NoPosition


def test_none_gives_no_geotag() -> None:
    with open_position("none") as source:
        assert isinstance(source, NoPosition)
        assert source.geotag_at(1.0) is NO_GEOTAG
        assert source.satellite_time() is None and source.describe_state() == "ready"


def test_exif_reads_the_photographs_themselves() -> None:
    with open_position("exif", stale_s=7.0) as source:
        assert isinstance(source, PhotoPosition) and source.stale_s == 7.0
        assert source.geotag_at(1.0) is NO_GEOTAG


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gps", "is not a source of positions: give gpsd:host:port"),
        ("", "is not a source of positions"),
        ("gpsd://host:none", "is not a gpsd: give gpsd:host:port"),
        ("gpsd://host:99999", "is not a gpsd"),
        ("mavlink:udp", "is not a MAVLink connection: give mavlink:udp:0.0.0.0:14550"),
        ("mavlink:udp:host", "is not a MAVLink connection"),
        ("mavlink:udp:0.0.0.0:70000", "there is no port 70000"),
        ("mavlink:sctp:h:1", "is not a MAVLink connection"),
        ("mavlink:/dev/ttyAMA0", "is not a MAVLink connection"),
        ("mavlink:/dev/ttyAMA0:57601", "57601 is not a rate of a serial line"),
    ],
)
def test_a_wrong_name_is_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(PositionError) as error:
        open_position(name)
    assert message in str(error.value) and "\n" not in str(error.value)

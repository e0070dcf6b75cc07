"""Metres east and north of a position, for plans and distances of a few kilometres."""

import math
from dataclasses import dataclass

from crackscan.edge.positioning.geotag import Position

_SEMI_MAJOR_AXIS_M, _ECCENTRICITY_SQUARED = 6_378_137.0, 0.00669437999014
"""Of the WGS 84 ellipsoid."""


@dataclass(frozen=True)
class LocalProjection:
    """The plane that touches the WGS 84 ellipsoid at its origin.

    Its error is about 1 mm at 1 km from the origin and 1 m at 10 km.
    """

    lat: float
    """Of the origin, degrees."""
    lon: float

    def project(self, position: Position) -> tuple[float, float]:
        """Metres east and north of the origin; longitudes may cross the 180th meridian."""
        sine = math.sin(math.radians(self.lat))
        root = math.sqrt(1 - _ECCENTRICITY_SQUARED * sine * sine)
        east_radius_m = _SEMI_MAJOR_AXIS_M / root * math.cos(math.radians(self.lat))
        north_radius_m = _SEMI_MAJOR_AXIS_M * (1 - _ECCENTRICITY_SQUARED) / root**3
        lon = (position.lon - self.lon + 180) % 360 - 180
        return (
            math.radians(lon) * east_radius_m,
            math.radians(position.lat - self.lat) * north_radius_m,
        )


def distance_m(one: Position, other: Position) -> float:
    """Horizontal distance between two positions."""
    return math.hypot(*LocalProjection(one.lat, one.lon).project(other))

"""The pictures of the report as data URIs of bounded size, so that the page needs no other file."""

from dataclasses import dataclass, replace

from crackscan.core.pictures import RGB
from crackscan.edge.measurement.values import Scale
from crackscan.edge.reporting.finding_drawing import PARAMETERS as DRAWING
from crackscan.edge.reporting.finding_drawing import draw_finding
from crackscan.edge.reporting.picture_size import encode_data_uri, shrink_picture
from crackscan.edge.survey.values import Sighting


@dataclass(frozen=True)
class FigureParameters:
    """Sizes of embedded pictures: a report with 100 findings in full stays below 25 MB."""

    max_overview_bytes: int = 70_000
    """Of the JPEG, before base64."""
    max_close_up_bytes: int = 110_000
    thumbnail_px: int = 220
    """Longest side of a thumbnail: 200 dpi at the 26 mm that it has on paper."""
    max_thumbnail_bytes: int = 12_000


PARAMETERS = FigureParameters()


@dataclass(frozen=True)
class FindingFigures:
    """A finding's two pictures as data URIs."""

    overview: str
    close_up: str
    is_partial: bool
    """Whether the close-up shows only a part of the crack."""
    has_lines: bool
    """Whether centre lines are drawn."""


def embed_finding(rgb: RGB, sighting: Sighting, scale: Scale | None) -> FindingFigures:
    """Draw a finding in its frame, RGB uint8 (height, width, 3), and embed both pictures."""
    drawing = draw_finding(rgb, sighting, scale)
    return FindingFigures(
        encode_data_uri(drawing.overview, PARAMETERS.max_overview_bytes),
        encode_data_uri(drawing.close_up, PARAMETERS.max_close_up_bytes),
        drawing.is_partial,
        drawing.has_lines,
    )


def replace_close_up(figures: FindingFigures, close_up: RGB) -> FindingFigures:
    """Show the close-up that was made of the photograph while that was still there."""
    shrunk = shrink_picture(close_up, DRAWING.close_up_px)
    uri = encode_data_uri(shrunk, PARAMETERS.max_close_up_bytes)
    return replace(figures, close_up=uri, is_partial=True)


def embed_thumbnail(rgb: RGB) -> str:
    """A small copy of a picture as a data URI."""
    thumbnail = shrink_picture(rgb, PARAMETERS.thumbnail_px)
    return encode_data_uri(thumbnail, PARAMETERS.max_thumbnail_bytes)

"""Checks a picture's format, size and end before anything is decoded."""

from io import BytesIO

from crackscan.core.jpeg_end import has_jpeg_end
from crackscan.core.picture_metadata import (
    DamagedHeaderError,
    PictureMetadata,
    UnknownFormatError,
    read_metadata,
)


class HeaderError(Exception):
    """The content is not a picture that can be read; the text says why, to follow a file's name."""


def parse_header(data: bytes) -> PictureMetadata:
    """Read the metadata of a whole file's content.

    Raises HeaderError if it is not a picture that is read, is damaged, or is cut short.
    """
    try:
        found = read_metadata(BytesIO(data))
    except UnknownFormatError as error:
        raise HeaderError(str(error)) from None
    except DamagedHeaderError as error:
        raise HeaderError(
            f"is a {error} that is damaged or cut short: copy it again from the camera or card"
        ) from None
    if found.width < 1 or found.height < 1:
        raise HeaderError(
            f"is a damaged {found.kind}: its header states {found.width}x{found.height} pixels"
        )
    if _is_cut_short(found.kind, data):
        raise HeaderError("is cut short: copy it again from the camera or card")
    return found


def _is_cut_short(kind: str, data: bytes) -> bool:
    if kind == "JPEG":
        return not has_jpeg_end(data)
    if kind == "WebP":
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    return False

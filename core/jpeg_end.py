"""Finds whether a JPEG is whole: OpenCV before 5 fills the missing part of a cut file with grey."""

import re

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_STANDALONE = (0x01, 0xD8)
_END_OF_IMAGE = 0xD9


def has_jpeg_end(data: bytes) -> bool:
    """Whether the segments of a JPEG lead to its end marker (ITU-T T.81, annex B).

    The segments are followed one by one, because an EXIF thumbnail has an end marker of its own.
    """
    position = 2
    while (marker := _NEXT_MARKER.search(data, position)) is not None:
        code, position = data[marker.start() + 1], marker.end()
        if code == _END_OF_IMAGE:
            return True
        if code not in _STANDALONE:
            length = data[position : position + 2]
            if len(length) < 2:
                return False
            position += int.from_bytes(length, "big")
    return False

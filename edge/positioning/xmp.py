"""Parses an XMP packet, the XML that programs and drones write into a picture."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import NoReturn
from xml.parsers.expat import ExpatError, ParserCreate

MAX_PACKET_BYTES = 1 << 20
"""A JPEG holds 64 KiB in one segment; other formats hold what they like."""
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_PADDING = "\0\ufeff \r\n\t"


@dataclass(frozen=True)
class XmpPacket:
    """The simple properties of a packet."""

    properties: Mapping[str, str] = field(default_factory=dict)
    """By `prefix:name` in lower case; of several values, the first."""
    damaged: bool = False
    """Whether the packet is too large, not well-formed XML, or declares entities."""

    def read_text(self, name: str) -> str | None:
        """The value of a property, or None if it is missing or empty."""
        return self.properties.get(name) or None

    def read_number(self, *names: str) -> float | None:
        """The first of these properties that holds a number or a fraction, or None."""
        values = (parse_number(self.properties.get(name)) for name in names)
        return next((value for value in values if value is not None), None)


def parse_xmp(packet: bytes) -> XmpPacket:
    """Parse a packet; of a damaged one, what stands before the damage.

    Properties stand as attributes or as elements, depending on the program. Prefixes are taken as
    they are written, because some drones do not declare their namespaces. Entities are refused:
    a packet needs none, and they can grow without bound.
    """
    if len(packet) > MAX_PACKET_BYTES:
        return XmpPacket(damaged=True)
    properties: dict[str, str] = {}
    texts: list[str] = []

    def start_element(_: str, attributes: dict[str, str]) -> None:
        texts.clear()
        for key, value in attributes.items():
            properties.setdefault(key.lower(), value.strip())

    def end_element(name: str) -> None:
        text = "".join(texts).strip()
        texts.clear()
        if text:
            properties.setdefault(name.lower(), text)

    parser = ParserCreate()
    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(packet.decode("utf-8", "replace").strip(_PADDING), True)
    except (ExpatError, ValueError):
        return XmpPacket(properties, damaged=True)
    return XmpPacket(properties)


def parse_number(text: str | None) -> float | None:
    """A decimal number or a fraction `a/b`, with any unit behind it; None if it is neither."""
    if text is None:
        return None
    numerator, slash, denominator = text.partition("/")
    top, bottom = _NUMBER.match(numerator.strip()), _NUMBER.match(denominator.strip())
    if top is None or (slash and bottom is None):
        return None
    divisor = float(bottom.group()) if bottom is not None else 1.0
    if not divisor:
        return None
    value = float(top.group()) / divisor
    return value if isfinite(value) else None


def _refuse_doctype(*_: object) -> NoReturn:
    raise ValueError("a document type declaration")

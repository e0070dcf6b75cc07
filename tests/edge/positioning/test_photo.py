"""Photographs state where, when and through which lens they were taken; damage never raises."""

import struct
import zlib
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscan.edge.positioning import (
    NO_GEOTAG,
    Attitude,
    Carrier,
    Distance,
    North,
    PhotoData,
    open_position,
    read_photo,
)
from crackscan.edge.positioning.xmp import MAX_PACKET_BYTES, parse_xmp

DATA = Path(__file__).parents[2] / "data/exif"
SHARED = Path(__file__).parents[4] / "shared/data/exif"
SIZES = {"B": 1, "s": 1, "H": 2, "I": 4, "R": 8}
KINDS = {"B": 1, "s": 2, "H": 3, "I": 4, "R": 5}

# As Zenmuse P1 and M30T write it (attributes) and as some models do (elements).
DJI = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
rdf:about="DJI Meta Data" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
xmp:CreateDate="2021-05-26T17:21:49+02:00" drone-dji:GpsStatus="RTK"
drone-dji:GpsLatitude="+49.726349021" drone-dji:GpsLongitude="-13.350951205"
drone-dji:AbsoluteAltitude="+431.531" drone-dji:RelativeAltitude="+36.280"
drone-dji:GimbalRollDegree="+0.00" drone-dji:GimbalYawDegree="-84.10"
drone-dji:GimbalPitchDegree="-24.50" drone-dji:FlightYawDegree="+84.50"
drone-dji:RtkFlag="50" drone-dji:RtkStdLon="0.01200" drone-dji:RtkStdLat="0.00900"
drone-dji:RtkStdHgt="0.02500" drone-dji:LRFStatus="Normal" drone-dji:LRFTargetDistance="54.103"
drone-dji:CalibratedFocalLength="3725.151611"/></rdf:RDF></x:xmpmeta>"""
AUTEL = """<x:xmpmeta><rdf:RDF><rdf:Description xmlns:drone="http://ns.example/drone/1.0/">
<drone:RelativeAltitude>+12.50</drone:RelativeAltitude>
<drone:GimbalYawDegree>+10.0</drone:GimbalYawDegree>
<drone:GimbalPitchDegree>-90.0</drone:GimbalPitchDegree>
<drone:GimbalRollDegree>+0.5</drone:GimbalRollDegree></rdf:Description></rdf:RDF></x:xmpmeta>"""

Tags = dict[int, tuple[str, object]]


def directory(tags: Tags, at: int, order: str) -> bytes:
    """A TIFF directory that lies at an offset, its longer values behind it."""
    entries, values = b"", b""
    behind = at + 2 + 12 * len(tags) + 4
    for tag, (letter, value) in sorted(tags.items()):
        if letter == "s":
            raw = str(value).encode() + b"\0"
            count = len(raw)
        else:
            numbers = list(value) if isinstance(value, tuple | list) else [value]
            count = len(numbers)
            if letter == "R":
                flat = [x for top, bottom in numbers for x in (top, bottom)]
                raw = struct.pack(f"{order}{len(flat)}I", *flat)
            else:
                raw = struct.pack(f"{order}{count}{letter}", *numbers)
        held = raw.ljust(4, b"\0")
        if len(raw) > 4:
            held = struct.pack(f"{order}I", behind + len(values))
            values += raw + b"\0" * (len(raw) % 2)
        entries += struct.pack(f"{order}HHI", tag, KINDS[letter], count) + held
    return struct.pack(f"{order}H", len(tags)) + entries + b"\0\0\0\0" + values


def exif(
    gps: Tags, camera: Tags | None = None, order: str = "<", root: Tags | None = None
) -> bytes:
    """An EXIF block of three directories."""
    camera, root = camera or {}, dict(root or {})
    root |= {0x8769: ("I", 0), 0x8825: ("I", 0)}
    first = directory(root, 8, order)
    second = directory(camera, 8 + len(first), order)
    root |= {0x8769: ("I", 8 + len(first)), 0x8825: ("I", 8 + len(first) + len(second))}
    third = directory(gps, 8 + len(first) + len(second), order)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return head + directory(root, 8, order) + second + third


def jpeg(path: Path, block: bytes | None = None, xmp: str | None = None) -> Path:
    """A JPEG's head: the blocks, and a frame of 4000 x 3000 pixels."""
    parts = [b"\xff\xd8"]
    for body in (
        None if block is None else b"Exif\0\0" + block,
        None if xmp is None else b"http://ns.adobe.com/xap/1.0/\0" + xmp.encode(),
    ):
        if body is not None:
            parts.append(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    frame = struct.pack(">BHHB", 8, 3000, 4000, 3) + bytes(9)
    scan = b"\x03\x01\0\x02\0\x03\0\0\x3f\0"
    for marker, body in ((b"\xff\xc0", frame), (b"\xff\xda", scan)):
        parts.append(marker + struct.pack(">H", len(body) + 2) + body)
    path.write_bytes(b"".join(parts))
    return path


def degrees(d: float, m: float, s: float) -> list[tuple[int, int]]:
    return [(round(d * 1000), 1000), (round(m * 1000), 1000), (round(s * 1000), 1000)]


SOUTH_WEST: Tags = {
    1: ("s", "S"),
    2: ("R", degrees(33, 51, 35.9)),
    3: ("s", "W"),
    4: ("R", degrees(70, 30, 0)),
    5: ("B", 1),
    6: ("R", [(12_500, 1000)]),
    7: ("R", [(10, 1), (20, 1), (30, 1)]),
    16: ("s", "M"),
    17: ("R", [(27_150, 100)]),
    29: ("s", "2026:05:02"),
    31: ("R", [(47, 10)]),
}
CAMERA: Tags = {
    0x9003: ("s", "2026:05:02 12:20:45"),
    0x9011: ("s", "+02:00"),
    0x9291: ("s", "25"),
    0x920A: ("R", [(474, 100)]),
    0xA002: ("H", 4608),
    0xA003: ("H", 2592),
    0xA20E: ("R", [(18_000_000, 1000)]),
    0xA210: ("H", 2),
    0xA404: ("R", [(2, 1)]),
    0xA405: ("H", 27),
}


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_phones_photograph_is_read_whole(tmp_path: Path, order: str) -> None:
    root: Tags = {0x010F: ("s", "Raspberry Pi"), 0x0110: ("s", "imx708")}
    photo = read_photo(jpeg(tmp_path / "a.jpg", exif(SOUTH_WEST, CAMERA, order, root)))
    position = photo.geotag.position
    assert position is not None and not photo.damaged
    assert position.lat == pytest.approx(-(33 + 51 / 60 + 35.9 / 3600))
    assert (position.lon, position.altitude_m, position.accuracy_m) == (-70.5, -12.5, 4.7)
    assert (position.source, position.time_s) == ("exif", 1777717230.0)
    assert photo.taken_s == 1777717245.25
    assert position.age_s == 15.25
    assert photo.taken_local == "2026-05-02T12:20:45.250000"
    assert photo.geotag.attitude == Attitude(271.5, None, None, Carrier.CAMERA, North.MAGNETIC)
    assert (photo.make, photo.model) == ("Raspberry Pi", "imx708")
    assert (photo.focal_mm, photo.focal_35mm_mm, photo.zoom) == (4.74, 27.0, 2.0)
    assert photo.sensor_px_per_mm == pytest.approx(18_000 / 25.4)
    assert (photo.width_px, photo.height_px) == (4000, 3000)
    assert (photo.taken_width_px, photo.taken_height_px) == (4608, 2592)


def test_the_xmp_of_a_drone_precedes_exif(tmp_path: Path) -> None:
    photo = read_photo(jpeg(tmp_path / "a.jpg", exif({}), DJI))
    position = photo.geotag.position
    assert position is not None
    assert (position.lat, position.lon, position.source) == (49.726349021, -13.350951205, "xmp")
    assert (position.altitude_m, position.relative_altitude_m) == (431.531, 36.28)
    assert (position.accuracy_m, position.vertical_accuracy_m) == (pytest.approx(0.03), 0.05)
    assert photo.geotag.attitude == Attitude(275.9, -24.5, 0.0, Carrier.CAMERA)
    assert photo.geotag.distance == Distance(54.103, "laser")
    assert photo.focal_px == 3725.151611
    assert (photo.taken_local, photo.taken_s) == ("2021-05-26T17:21:49", 1622042509.0)


def test_elements_and_other_makers_are_read_and_exif_gives_the_position(tmp_path: Path) -> None:
    photo = read_photo(jpeg(tmp_path / "a.jpg", exif(SOUTH_WEST), AUTEL))
    position = photo.geotag.position
    assert position is not None and position.source == "exif"
    assert position.relative_altitude_m == 12.5
    assert photo.geotag.attitude == Attitude(10.0, -90.0, 0.5, Carrier.CAMERA)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"54.103"', '"0.000"'), ('LRFStatus="Normal"', 'LRFStatus="TooFar"'), ('"54.103"', '"far"')],
)
def test_a_laser_without_an_echo_gives_no_distance(tmp_path: Path, old: str, new: str) -> None:
    photo = read_photo(jpeg(tmp_path / "a.jpg", xmp=DJI.replace(old, new)))
    assert photo.geotag.distance is None and photo.geotag.position is not None


def test_under_a_bridge_there_is_a_distance_without_a_position(tmp_path: Path) -> None:
    inside = DJI.replace("+49.726349021", "+0.000000000").replace("-13.350951205", "+0.000000000")
    geotag = read_photo(jpeg(tmp_path / "a.jpg", xmp=inside)).geotag
    assert geotag.position is None and geotag.distance is not None and geotag.attitude is not None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({1: ("s", "")}, "no letter"),
        ({3: ("s", "N")}, "the wrong letter"),
        ({2: ("R", degrees(91, 0, 0))}, "beyond the pole"),
        ({2: ("R", degrees(33, 75, 0))}, "more than 60 minutes"),
        ({2: ("R", [(33, 0), (0, 1), (0, 1)])}, "degrees over zero"),
        ({2: ("R", degrees(0, 0, 0)), 4: ("R", degrees(0, 0, 0))}, "zero and zero"),
        ({2: ("s", "33")}, "text"),
        ({9: ("s", "V")}, "called void by the receiver"),
        ({29: ("s", "2026:05:01")}, "a fix of yesterday"),
    ],
)
def test_a_position_that_cannot_be_true_is_dropped(tmp_path: Path, changed: Tags, why: str) -> None:
    photo = read_photo(jpeg(tmp_path / "a.jpg", exif(SOUTH_WEST | changed, CAMERA)))
    assert photo.geotag.position is None, why
    assert photo.focal_mm == 4.74
    [note] = photo.position_notes
    assert note.startswith("position dropped: "), why


@pytest.mark.parametrize(
    ("name", "doubt"),
    [
        (
            "e-gps-rollover.jpg",
            "the GPS date 2007-02-18 is 1024 weeks early (week number rollover)",
        ),
        ("e-gpstime-local.jpg", "the GPS time is the camera's local time, not UTC"),
        ("e-xmp-gps-only.jpg", None),
        ("e-two-exif.jpg", None),
    ],
)
def test_a_sound_position_is_kept_and_a_doubt_about_its_age_is_noted(
    name: str, doubt: str | None
) -> None:
    photo = read_photo(DATA / name)
    position = photo.geotag.position
    assert position is not None and position.age_s is None and position.time_s is None
    assert (position.lat, position.lon) == (pytest.approx(47.5012), pytest.approx(8.7231))
    assert position.altitude_m == 431.2
    assert photo.taken_local == "2026-10-04T09:15:22"
    notes = () if doubt is None else (f"position kept, its age is unknown: {doubt}",)
    assert photo.position_notes == notes


def test_a_second_exif_block_is_read_if_the_first_is_empty() -> None:
    photo = read_photo(DATA / "e-two-exif.jpg")
    assert (photo.make, photo.model, photo.focal_mm) == ("ACME", "X100", 8.8)


def test_a_void_position_is_dropped_with_the_reason() -> None:
    photo = read_photo(DATA / "e-gpsstatus-v.jpg")
    assert photo.geotag.position is None
    [note] = photo.position_notes
    assert note == "position dropped: the receiver reports it as void (GPS status V)"


@pytest.mark.parametrize(("weeks", "kept"), [(1023, False), (1024, True), (1025, False)])
def test_only_whole_rollovers_excuse_an_old_date(tmp_path: Path, weeks: int, kept: bool) -> None:
    day = date(2026, 5, 2) - timedelta(weeks=weeks)
    gps = SOUTH_WEST | {29: ("s", day.strftime("%Y:%m:%d"))}
    photo = read_photo(jpeg(tmp_path / "a.jpg", exif(gps, CAMERA)))
    assert (photo.geotag.position is not None) == kept
    assert len(photo.position_notes) == 1


def test_a_position_in_xmp_may_be_void_old_or_invalid(tmp_path: Path) -> None:
    packet = (
        '<x><r exif:GPSLatitude="47,30,4.32S" exif:GPSLongitude="8,43.386W"'
        ' exif:GPSAltitude="4312/10" exif:GPSAltitudeRef="1" exif:GPSTimeStamp="{time}"'
        ' exif:GPSStatus="{status}" exif:DateTimeOriginal="2026-10-04T09:15:22+02:00"/></x>'
    )

    def read(time: str, status: str = "A", of: str = packet) -> PhotoData:
        return read_photo(jpeg(tmp_path / "a.jpg", xmp=of.format(time=time, status=status)))

    position = read("2026-10-04T07:15:20Z").geotag.position
    assert position is not None and position.source == "xmp"
    assert (position.lat, position.lon) == (pytest.approx(-47.5012), pytest.approx(-8.7231))
    assert (position.age_s, position.altitude_m) == (2.0, -431.2)
    dropped = [
        read("2026-10-04T06:15:20Z"),
        read("2026-10-04T07:15:20Z", "V"),
        read("2026-10-04T07:15:20Z", of=packet.replace("47,", "97,")),
        read("2026-10-04T07:15:20Z", of=packet.replace("4.32S", "4.32E")),
        read("2026-10-04T07:15:20Z", of=packet.replace("47,30,4.32S", "47.5")),
    ]
    for photo in dropped:
        assert photo.geotag.position is None
        assert photo.position_notes[0].startswith("position dropped: ")


def test_of_two_times_in_xmp_the_one_with_a_zone_counts(tmp_path: Path) -> None:
    packet = (
        '<x exif:DateTimeOriginal="2026-10-04T09:15:22" xmp:CreateDate="{}"'
        ' exif:GPSLatitude="47,30.0N" exif:GPSLongitude="8,43.0E"/>'
    )
    zoned = read_photo(jpeg(tmp_path / "a.jpg", xmp=packet.format("2026-10-04T09:15:23+02:00")))
    assert (zoned.taken_local, zoned.taken_s) == ("2026-10-04T09:15:23", 1791098123.0)
    plain = read_photo(jpeg(tmp_path / "b.jpg", xmp=packet.format("2026-10-05T00:00:00")))
    assert (plain.taken_local, plain.taken_s) == ("2026-10-04T09:15:22", None)


def test_an_xmp_packet_with_entities_is_not_expanded(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    photo = read_photo(jpeg(tmp_path / "a.jpg", xmp=f"{bomb}<x drone:Latitude='&b;'>&b;</x>"))
    assert photo.damaged and photo.geotag == NO_GEOTAG
    plain = parse_xmp(b"<x a:b='1 &lt; 2'><c:d>M&amp;M</c:d></x>")
    assert plain.properties == {"a:b": "1 < 2", "c:d": "M&M"} and not plain.damaged


def test_an_xmp_packet_that_is_too_large_is_not_parsed() -> None:
    packet = b"<x a:b='1'/>"
    assert not parse_xmp(packet.ljust(MAX_PACKET_BYTES)).damaged
    assert parse_xmp(packet.ljust(MAX_PACKET_BYTES + 1)).damaged


def test_a_damaged_xmp_packet_gives_what_stands_before_the_damage(tmp_path: Path) -> None:
    cut = DJI[: DJI.index("drone-dji:RtkFlag")] + "></rdf:Description><broken"
    photo = read_photo(jpeg(tmp_path / "a.jpg", xmp=cut))
    assert photo.damaged and photo.geotag.position is not None
    assert photo.geotag.position.lat == 49.726349021 and photo.geotag.distance is None


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_as_xmp_without_an_error(packet: bytes) -> None:
    parse_xmp(packet)
    assert not {name for name in parse_xmp(b"<x " + packet).properties if name != name.lower()}


def test_a_lens_is_not_read_from_damaged_exif(tmp_path: Path) -> None:
    """A digital zoom may have stood behind the damage."""
    block = bytearray(exif(SOUTH_WEST, CAMERA))
    at = block.index(struct.pack("<HH", 0x9011, 2))
    block[at + 8 : at + 12] = b"\xff\xff\xff\x00"
    photo = read_photo(jpeg(tmp_path / "a.jpg", bytes(block)))
    assert photo.damaged and photo.focal_mm is None
    assert photo.geotag.position is not None
    assert photo.notes == ("EXIF is damaged: what stands behind the damage is not used",)


def test_a_panorama_is_known(tmp_path: Path) -> None:
    apple = jpeg(tmp_path / "a.jpg", exif({}, CAMERA | {0xA401: ("H", 6)}))
    xmp = '<x xmlns:GPano="p"><r GPano:ProjectionType="cylindrical"/></x>'
    other = jpeg(tmp_path / "b.jpg", exif({}, CAMERA), xmp)
    plain = jpeg(tmp_path / "c.jpg", exif({}, CAMERA), '<x xmlns:GPano="p"/>')
    assert [read_photo(path).panorama for path in (apple, other, plain)] == [True, True, False]


def test_the_greatest_age_of_a_fix_is_a_setting(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", exif(SOUTH_WEST, CAMERA))
    with open_position("exif", stale_s=15.0) as strict, open_position("exif") as usual:
        assert strict.geotag_at(0.0, path).position is None
        assert usual.geotag_at(0.0, path).position is not None
        assert usual.geotag_at(0.0, tmp_path / "missing.jpg") == NO_GEOTAG


def test_decimal_degrees_with_empty_minutes_are_read(tmp_path: Path) -> None:
    gps = SOUTH_WEST | {2: ("R", [(338_599, 10_000), (0, 0), (0, 0)]), 5: ("B", 0)}
    position = read_photo(jpeg(tmp_path / "a.jpg", exif(gps))).geotag.position
    assert position is not None and position.age_s is None
    assert (position.lat, position.altitude_m) == (pytest.approx(-33.8599), 12.5)


def test_other_formats_hold_the_same_metadata(tmp_path: Path) -> None:
    block = exif(SOUTH_WEST, CAMERA, root={256: ("I", 4000), 257: ("I", 3000)})
    tiff = tmp_path / "a.tif"
    tiff.write_bytes(block)

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    size = struct.pack(">II5B", 4000, 3000, 8, 2, 0, 0, 0)
    note = b"XML:com.adobe.xmp\0\0\0\0\0" + AUTEL.encode()
    png = tmp_path / "a.png"
    png.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"eXIf", block) + chunk(b"iTXt", note)
    )
    pixels = cv2.imencode(".webp", np.zeros((3000, 4000, 3), np.uint8))[1].tobytes()
    body = b"WEBP" + b"VP8X" + struct.pack("<IB3x", 10, 0x0C)
    body += (3999).to_bytes(3, "little") + (2999).to_bytes(3, "little") + pixels[12:]
    body += b"EXIF" + struct.pack("<I", len(block)) + block + bytes(len(block) % 2)
    body += b"XMP " + struct.pack("<I", len(AUTEL)) + AUTEL.encode() + bytes(len(AUTEL) % 2)
    webp = tmp_path / "a.webp"
    webp.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    for path in (tiff, png, webp):
        photo = read_photo(path)
        assert photo.geotag.position is not None and photo.geotag.position.lon == -70.5, path
        assert (photo.width_px, photo.height_px, photo.focal_mm) == (4000, 3000, 4.74), path
    assert read_photo(png).geotag.attitude == read_photo(webp).geotag.attitude
    assert read_photo(png).geotag.position.relative_altitude_m == 12.5  # type: ignore[union-attr]


def test_a_real_photograph_with_damaged_exif_has_no_position() -> None:
    photo = read_photo(DATA / "image01551.jpg")
    assert photo.geotag == NO_GEOTAG and photo.width_px == 61


@pytest.mark.skipif(
    not SHARED.is_dir(), reason="no folder ../shared/data/exif next to the checkout"
)
def test_real_photographs_of_a_camera_with_a_receiver_have_positions() -> None:
    places = {
        "DSCN0010.jpg": (43.467448, 11.885127),
        "DSCN0021.jpg": (43.467082, 11.884538),
        "DSCN0040.jpg": (43.466012, 11.879112),
    }
    for name, place in places.items():
        photo = read_photo(SHARED / name)
        assert photo.geotag.position is not None and photo.model == "COOLPIX P6000"
        assert (photo.geotag.position.lat, photo.geotag.position.lon) == pytest.approx(
            place, abs=1e-6
        )
    for name in ("image00971.jpg", "image01088.jpg", "image01551.jpg"):
        assert read_photo(SHARED / name).geotag == NO_GEOTAG


def test_a_file_that_is_not_a_picture_has_no_metadata(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no picture")
    assert read_photo(tmp_path / "empty.jpg") == read_photo(tmp_path / "text.jpg") == PhotoData()
    assert read_photo(tmp_path / "missing.jpg").damaged
    assert read_photo(tmp_path).damaged


WHOLE = exif(SOUTH_WEST, CAMERA)


@settings(deadline=None)
@given(cut=st.integers(0, len(WHOLE)))
def test_exif_cut_short_anywhere_gives_the_position_or_none(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = jpeg(tmp_path_factory.getbasetemp() / "cut.jpg", WHOLE[:cut])
    position = read_photo(path).geotag.position
    assert position is None or position.lon == -70.5


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=20))
def test_exif_with_bytes_gone_wrong_never_raises(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    block = bytearray(WHOLE)
    for at, value in changes:
        block[at] = value
    position = read_photo(
        jpeg(tmp_path_factory.getbasetemp() / "wrong.jpg", bytes(block), DJI[: len(changes) * 60])
    ).geotag.position
    assert position is None or (abs(position.lat) <= 90 and abs(position.lon) <= 180)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_jpegs_head_never_raise(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.jpg"
    for head in (b"\xff\xd8", b"\xff\xd8\xff\xe1\x01\x00Exif\0\0", b"II*\0", b"\x89PNG\r\n\x1a\n"):
        path.write_bytes(head + noise)
        assert read_photo(path).geotag == NO_GEOTAG

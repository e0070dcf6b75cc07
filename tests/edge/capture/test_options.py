"""Options are part of a source's name; the message about a wrong one shows a right one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscan.core.errors import SourceError
from crackscan.edge.capture import open_source
from crackscan.edge.capture.options import parse_options, parse_seconds, split_options
from crackscan.edge.capture.source_kinds import SOURCE_KINDS


@pytest.mark.parametrize(
    ("name", "source", "text"),
    [
        ("0", "0", ""),
        ("picamera:0#shutter=1/1000,focus=0.5", "picamera:0", "shutter=1/1000,focus=0.5"),
        ("rtsp://u:p@h/s?a=1&b=2#timeout=3", "rtsp://u:p@h/s?a=1&b=2", "timeout=3"),
        ("watch:site #3/", "watch:site #3/", ""),
        ("watch:site #3/#poll=2", "watch:site #3/", "poll=2"),
        ("/dev/video0#", "/dev/video0", ""),
    ],
)
def test_options_follow_the_last_hash(name: str, source: str, text: str) -> None:
    assert split_options(name) == (source, text)


def test_every_example_of_every_option_is_right() -> None:
    for kind in SOURCE_KINDS:
        for key, option in kind.options.items():
            text = f"{key}={option.example}"
            assert parse_options("x", text, kind.options).keys() == {key}
        _, text = split_options(kind.example)
        parse_options(kind.example, text, kind.options)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("0#shutter=1/100", "unknown option 'shutter'; the options are: size, fps, format, giveup"),
        ("0#size=1280", "wrong size: '1280'; give for example size=1280x720"),
        ("0#size=1281x720", "wrong size"),
        ("0#format=mjpeg", "wrong format: 'mjpeg'; give for example format=MJPG"),
        ("0#fps=0", "wrong fps: '0'"),
        ("0#fps=nan", "wrong fps"),
        ("0#fps=10,fps=20", "has the option fps twice"),
        ("0#fps=10,giveup", "wrong giveup: ''"),
        ("picamera:0#shutter=1/0", "wrong shutter: '1/0'; give for example shutter=1/1000"),
        ("picamera:0#focus=far", "wrong focus: 'far'"),
        ("picamera:0#width=641", "wrong width"),
        ("picamera:front", "is not a Raspberry Pi camera: give picamera:0"),
    ],
)
def test_a_wrong_option_is_one_line(name: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        open_source(name)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_options_or_a_source_error(text: str) -> None:
    for kind in SOURCE_KINDS:
        try:
            values = parse_options("x", text, kind.options)
        except SourceError as error:
            assert "\n" not in str(error)
        else:
            assert values.keys() <= kind.options.keys()


def test_times_are_fractions_or_decimals() -> None:
    assert parse_seconds("1/1000") == parse_seconds("0.001") == pytest.approx(1e-3)

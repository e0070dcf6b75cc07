"""No password or key of an address is left in text that is logged or shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscan.core.credentials import mask_credentials


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rtsp://admin:1234@10.0.0.5/live", "rtsp://10.0.0.5/live"),
        ("rtsp://admin@10.0.0.5/live", "rtsp://10.0.0.5/live"),
        ("rtsp://admin:p@ss/w@10.0.0.5:554/live", "rtsp://10.0.0.5:554/live"),
        ("http://10.0.0.5/v.cgi?usr=admin&pwd=12:34&res=2", "http://10.0.0.5/v.cgi?usr=***&pwd=***&res=2"),
        ("http://10.0.0.5/?loginuse=admin&loginpas=x", "http://10.0.0.5/?loginuse=***&loginpas=***"),
        ("http://10.0.0.5/?Password=x#t", "http://10.0.0.5/?Password=***#t"),
        ("http://10.0.0.5:8765/#key=abc", "http://10.0.0.5:8765/#key=***"),
        ("'source': 'rtsp://a:b@c/d', 'name': 'x'", "'source': 'rtsp://c/d', 'name': 'x'"),
        ("rtsp://a:b@c/d and http://e:f@g/h", "rtsp://c/d and http://g/h"),
        ("picamera:0, mail an@example.org", "picamera:0, mail an@example.org"),
        ("rtsp://10.0.0.5/live?channel=1", "rtsp://10.0.0.5/live?channel=1"),
    ],
)  # fmt: skip
def test_credentials_are_masked_and_the_rest_stays(text: str, expected: str) -> None:
    assert mask_credentials(text) == expected


SECRETS = st.text("abcXYZ0123:/@!$*().,~-_%", min_size=8)


@given(SECRETS)
def test_no_password_before_the_host_survives(password: str) -> None:
    password = f"Q{password}Q"
    masked = mask_credentials(f"cannot open rtsp://admin:{password}@10.0.0.5:554/live: refused")
    assert masked == "cannot open rtsp://10.0.0.5:554/live: refused"


@given(SECRETS, st.sampled_from(["pwd", "password", "pass", "access_token", "apiKey", "secret"]))
def test_no_secret_parameter_survives(value: str, name: str) -> None:
    masked = mask_credentials(f"http://10.0.0.5/v?{name}=Q{value.replace('@', 'a')}Q&x=1")
    assert masked == f"http://10.0.0.5/v?{name}=***&x=1"

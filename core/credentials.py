"""Removes passwords and keys from text that is logged or shown."""

import re

HIDDEN = "***"
_USER_INFO = re.compile(r"(?<=://)[^\s'\"<>]*@")
"""`user:password@` after a scheme. It reaches to the last `@` of the word, because passwords may
contain `@` and `/`; part of a path may be hidden with it."""
_PARAMETER = re.compile(
    r"([?&;#][\w.-]*(?:pwd|pas|pw|user|usr|login|token|key|secret|auth|sig|cred)[\w.-]*=)[^\s&;#'\"<>]*",
    re.IGNORECASE,
)
"""A parameter of an address whose name shows that it is secret, as in `?usr=admin&pwd=1234`."""


def mask_credentials(text: str) -> str:
    """The text without user names, passwords and keys in its addresses.

    `rtsp://admin:1234@10.0.0.5/live?pwd=1` becomes `rtsp://10.0.0.5/live?pwd=***`.
    """
    return _PARAMETER.sub(rf"\1{HIDDEN}", _USER_INFO.sub("", text))

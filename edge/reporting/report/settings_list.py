"""Lists the settings of a survey as names and values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crackscan.edge.reporting.formatting import format_second
from crackscan.edge.reporting.report.content import LIMITS
from crackscan.edge.survey.values import Session

_UNIX_TIME = "_wall_s"
"""Names of settings with this ending hold Unix times."""


def list_settings(
    settings: Mapping[str, Any], sessions: Sequence[Session]
) -> Iterator[tuple[str, str]]:
    """The settings that the survey was made with, then what later sessions had set otherwise."""
    first = dict(_flatten_settings(settings))
    yield from first.items()
    for session in sessions[1 : LIMITS.max_sessions]:
        for name, text in _flatten_settings(session.info.settings):
            if first.get(name) != text:
                yield f"{name}, session {session.id}", text


def _flatten_settings(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Settings as (name, text); the name of a section stands before a point."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flatten_settings(value, f"{prefix}{name}.")
        elif value not in (None, "", []):
            if name.endswith(_UNIX_TIME):
                name, text = name.removesuffix(_UNIX_TIME), f"{format_second(value)} UTC"
            else:
                text = f"{value:.6g}" if isinstance(value, float) else str(value)
            yield f"{prefix}{name}".replace("_", " "), text[: LIMITS.max_setting_letters]

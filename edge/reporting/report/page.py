"""Lays the report out as one self-contained HTML page."""

import re
from importlib.resources import files

import jinja2
from markupsafe import Markup

from crackscan.edge.reporting.caption import format_probability
from crackscan.edge.reporting.compare.change import Change
from crackscan.edge.reporting.compare.comparison import Comparison
from crackscan.edge.reporting.formatting import (
    format_count,
    format_difference,
    format_duration,
    format_minute,
    format_mm,
    format_px,
    format_second,
)
from crackscan.edge.reporting.report.content import LIMITS, ReportContent
from crackscan.edge.reporting.report.limits import CODES, LimitJudgement


def render_page(content: ReportContent, comparison: Comparison | None = None) -> str:
    """The HTML of a report; everything that comes from the record is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        css=quote_css,
        difference=format_difference,
        px=format_px,
        mm=format_mm,
        probability=format_probability,
        duration=format_duration,
        number=format_count,
        minute=format_minute,
        second=format_second,
    )
    return environment.get_template("page.html").render(
        content=content,
        comparison=comparison,
        limits=LIMITS,
        codes=CODES,
        LimitJudgement=LimitJudgement,
        Change=Change,
    )


def quote_css(text: str) -> Markup:
    """Text as a CSS string in which everything but ASCII letters and digits is escaped."""
    escaped = re.sub(r"[^A-Za-z0-9]", lambda found: f"\\{ord(found[0]):x} ", text)
    return Markup(f'"{escaped}"')  # None of its characters has a meaning in HTML.


def _read_template(name: str) -> str:
    return files("crackscan.edge.reporting.report").joinpath(name).read_text(encoding="utf-8")

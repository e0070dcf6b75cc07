"""Lays the report out as one self-contained HTML page."""

import re
from importlib.resources import files

import jinja2
from markupsafe import Markup

from crackscan.edge.measurement.values import Length, Measured
from crackscan.edge.reporting.compare.change import Change, Difference
from crackscan.edge.reporting.compare.compare import Comparison
from crackscan.edge.reporting.report.content import Content
from crackscan.edge.reporting.report.limits import CODES, Judgement


def render(content: Content, since: Comparison | None = None) -> str:
    """The HTML of a report; whatever the record says stands in it as text."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        css=css_string,
        difference=in_difference,
        px=in_px,
        mm=in_mm,
        percent=percent,
        duration=duration,
        count=counted,
    )
    return environment.get_template("page.html").render(
        c=content, codes=CODES, Judgement=Judgement, since=since, Change=Change
    )


def css_string(text: str) -> Markup:
    """Text as a CSS string: every character but letters and digits is written as its number."""
    letters = re.sub(r"[^A-Za-z0-9]", lambda found: f"\\{ord(found[0]):x} ", text)
    return Markup(f'"{letters}"')  # nothing in it means anything to HTML


def in_px(figure: Measured | None, decimals: int = 1) -> str:
    """`3.1 ± 0.4 px`, or a dash."""
    if figure is None:
        return "–"
    return f"{figure.value_px:.{decimals}f} ± {figure.uncertainty_px:.{decimals}f} px"


def in_mm(length: Length | None) -> str:
    """`0.31 ± 0.04 mm`, lengths from 1 m on in m; or a dash."""
    if length is None:
        return "–"
    if length.value_mm >= 1000:
        return f"{length.value_mm / 1000:.2f} ± {length.uncertainty_mm / 1000:.2f} m"
    decimals = 2 if length.value_mm < 10 else 0
    return f"{length.value_mm:.{decimals}f} ± {length.uncertainty_mm:.{decimals}f} mm"


def in_difference(of: Difference | None) -> str:
    """`0.21 → 0.34 mm (+0.13 ± 0.05)`, or a dash."""
    if of is None:
        return "–"
    decimals = 2 if of.unit == "mm" and of.after < 10 else 1 if of.after < 100 else 0
    return (
        f"{of.before:.{decimals}f} → {of.after:.{decimals}f} {of.unit}"
        f" ({of.value:+.{decimals}f} ± {of.uncertainty:.{decimals}f})"
    )


def percent(probability: float) -> str:
    """A probability for people: never 100 %, which nothing is."""
    return f"{min(probability * 100, 99):.0f} %"


def duration(seconds: float) -> str:
    """`12 s`, `4 min 10 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def counted(number: int) -> str:
    return f"{number:,}"


def _template(name: str) -> str:
    return files("crackscan.edge.reporting.report").joinpath(name).read_text(encoding="utf-8")

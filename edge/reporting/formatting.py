"""Numbers as people read them: measurements with their uncertainty, durations, times."""

from crackscan.edge.measurement.values import Length, Measurement
from crackscan.edge.reporting.compare.change import Difference
from crackscan.edge.survey.reading import iso_time

MISSING = "–"


def format_px(figure: Measurement | None, decimals: int = 1) -> str:
    """`3.1 ± 0.4 px`, or a dash."""
    if figure is None:
        return MISSING
    return f"{figure.value_px:.{decimals}f} ± {figure.uncertainty_px:.{decimals}f} px"


def format_mm(length: Length | None) -> str:
    """`0.31 ± 0.04 mm`, from 1 m on in metres; or a dash."""
    if length is None:
        return MISSING
    if length.value_mm >= 1000:
        return f"{length.value_mm / 1000:.2f} ± {length.uncertainty_mm / 1000:.2f} m"
    decimals = 2 if length.value_mm < 10 else 0
    return f"{length.value_mm:.{decimals}f} ± {length.uncertainty_mm:.{decimals}f} mm"


def format_difference(difference: Difference | None) -> str:
    """`0.21 → 0.34 mm (+0.13 ± 0.05)`, or a dash."""
    if difference is None:
        return MISSING
    after, unit = difference.after, difference.unit
    decimals = 2 if unit == "mm" and after < 10 else 1 if after < 100 else 0
    change = round(difference.value, decimals) + 0.0  # Makes -0.0 a plain 0.
    return (
        f"{difference.before:.{decimals}f} → {after:.{decimals}f} {unit}"
        f" ({change:+.{decimals}f} ± {difference.uncertainty:.{decimals}f})"
    )


def format_duration(seconds: float) -> str:
    """`12 s`, `4 min 10 s`, `2 h 5 min`."""
    whole_s = round(seconds)
    if whole_s < 60:
        return f"{whole_s} s"
    minutes, rest_s = divmod(whole_s, 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s" if rest_s else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def format_count(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def format_minute(unix_s: float) -> str:
    """`2027-01-15 08:00`, UTC; empty if no calendar has that time."""
    return iso_time(unix_s)[:16].replace("T", " ")


def format_second(unix_s: float) -> str:
    """`2027-01-15 08:00:00`, UTC; empty if no calendar has that time."""
    return iso_time(unix_s)[:19].replace("T", " ")

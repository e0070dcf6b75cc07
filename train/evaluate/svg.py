"""A small plot in SVG text: axes over a data range, and marks placed in data units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

INK, MUTED, GRID = "#1d2733", "#6b7783", "#e4e9ed"
CRACK, CLEAR, ACCENT = "#b5502b", "#5b8ba0", "#12596b"

Range = tuple[float, float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Axes:
    """A rectangle of the picture (px, y down) that shows a rectangle of data (y up)."""

    left: float = 62
    top: float = 12
    width: float = 336
    height: float = 268
    x: Range = (0.0, 1.0)
    y: Range = (0.0, 1.0)

    def px(self, x: float) -> float:
        return self.left + (x - self.x[0]) / (self.x[1] - self.x[0]) * self.width

    def py(self, y: float) -> float:
        return self.top + (self.y[1] - y) / (self.y[1] - self.y[0]) * self.height

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height


def picture(title: str, parts: Iterable[str], width: int = 420, height: int = 330) -> str:
    """The whole SVG; `title` is read aloud by screen readers."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def grid(
    axes: Axes,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    x_title: str = "",
    y_title: str = "",
    size: float = 11.5,
) -> str:
    """Light grid lines with labels, and the titles of both axes."""
    parts = []
    for value, label in y_ticks:
        y = axes.py(value)
        parts.append(line((axes.left, y), (axes.right, y), GRID, 1))
        parts.append(text(axes.left - 7, y + size / 3, label, MUTED, size, "end"))
    for value, label in x_ticks:
        x = axes.px(value)
        parts.append(line((x, axes.top), (x, axes.bottom), GRID, 1))
        parts.append(text(x, axes.bottom + size + 6, label, MUTED, size, "middle"))
    if x_title:
        middle = axes.left + axes.width / 2
        parts.append(text(middle, axes.bottom + 40, x_title, INK, 12.5, "middle"))
    if y_title:
        middle = axes.top + axes.height / 2
        turned = f' transform="rotate(-90 11 {middle:.1f})"'
        parts.append(text(11, middle, y_title, INK, 12.5, "middle", turned))
    return "".join(parts)


def ticks(span: Range, step: float, percent: bool = False) -> list[tuple[float, str]]:
    """Evenly spaced values of `span` with their labels."""
    count = round((span[1] - span[0]) / step)
    values = [span[0] + i * step for i in range(count + 1)]
    if percent:
        return [(value, f"{100 * value:.3g} %") for value in values]
    return [(value, f"{value:.3g}") for value in values]


def line(a: Point, b: Point, colour: str, width: float, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"{dashed}/>'
    )


def path(points: Iterable[Point], colour: str, width: float = 2) -> str:
    """An open line through pixel positions."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="{width}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def area(points: Iterable[Point], colour: str, opacity: float) -> str:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{joined}" fill="{colour}" fill-opacity="{opacity}"/>'


def box(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {style}/>'


def dot(x: float, y: float, radius: float, colour: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" '
        'stroke="#fff" stroke-width="1.5"/>'
    )


def text(
    x: float,
    y: float,
    words: str,
    colour: str = INK,
    size: float = 12,
    anchor: str = "start",
    extra: str = "",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" '
        f'text-anchor="{anchor}"{extra}>{escape(words)}</text>'
    )

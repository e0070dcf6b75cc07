"""The report on findings in whole pictures: figures, FROC plot, and sheets of the worst errors."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.components import ComponentRule, label_components, score_components
from crackscan.core.durable_files import write_atomically
from crackscan.core.picture_writing import write_picture
from crackscan.core.pooling import sigmoid
from crackscan.train.evaluate.development_set import PictureSet
from crackscan.train.evaluate.froc import Judged, SetMaps

FIGURES, PLOT, TABLE = "findings.json", "froc.svg", "findings.md"
MISSES, FALSE_ALARMS = "longest-misses.jpg", "surest-false-alarms.jpg"
TILES, TILE_PX, ACROSS = 40, 240, 8
LINE_PX = 2
MISSED, FOUND, FALSE = (255, 60, 60), (60, 220, 60), (255, 200, 0)

RGB = NDArray[np.uint8]


def write_figures(out: Path, document: dict[str, Any]) -> None:
    """The whole evaluation as JSON, and a table of it as Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    write_atomically(out / FIGURES, text.encode())
    write_atomically(out / TABLE, table_of(document).encode())


def table_of(document: dict[str, Any]) -> str:
    """Markdown: length found at equal false findings, at the models' own thresholds, by width."""
    names = [one["name"] for one in document["sets"]]
    lines = [
        "# Findings on whole pictures",
        "",
        f"Made by `{document['command']}`.",
        "",
        "Share of crack length found at equal false findings a picture, one threshold for all:",
        "",
        "| model | false a picture | " + " | ".join(names) + " |",
        "|---" * (len(names) + 2) + "|",
    ]
    for model in document["models"]:
        for rate in model["rates"]:
            cells = [_cell(rate["found"][name], rate["false"][name]) for name in names]
            lines.append(
                f"| {model['name']} | {rate['false_a_picture']:g} | " + " | ".join(cells) + " |"
            )
    lines += [
        "",
        "In brackets: false findings a picture in that set. Of quay_dev the share of boxes is given"
        " that a finding has a cell in; there not every crack is marked.",
        "",
        "At the model's own threshold, with 95 % intervals by photograph:",
        "",
        "| model | set | pictures | found | false a picture | pictures that alarm |",
        "|---|---|---|---|---|---|",
    ]
    for model in document["models"]:
        for name, own in model["own_threshold"].items():
            lines.append(
                f"| {model['name']} | {name} | {own['pictures']} | "
                f"{_with_interval(own['found'], own['found_95'])} | "
                f"{_with_interval(own['false_a_picture'], own['false_95'])} | "
                f"{own['alarming']:.1%} |"
            )
    lines += ["", "Found by width of the crack at the own threshold:", ""]
    widths = document["models"][0]["own_threshold"][names[0]]["by_width"]
    lines.append("| model | set | " + " | ".join(_width(one) for one in widths) + " |")
    lines.append("|---" * (len(widths) + 2) + "|")
    for model in document["models"]:
        for name, own in model["own_threshold"].items():
            if any(one["length_px"] for one in own["by_width"]):
                cells = [
                    "–" if one["found"] is None else f"{one['found']:.2f} of {one['length_px']} px"
                    for one in own["by_width"]
                ]
                lines.append(f"| {model['name']} | {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def plot_curves(out: Path, models: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """The FROC curves of all models in one plot, a panel for each set that shows cracks."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = [name for name, one in models[0][1].items() if any(one["found"])]
    figure, panels = plt.subplots(
        1, len(names), figsize=(3.4 * len(names), 3.4), sharey=True, squeeze=False
    )
    for axes, name in zip(panels[0], names, strict=True):
        for label, points in models:
            axes.plot(points[name]["false_a_picture"], points[name]["found"], label=label)
        axes.set(title=name, xlabel="false findings a picture", ylim=(0, 1))
        axes.set_xscale("symlog", linthresh=0.01)
        axes.set_xlim(0, 3)
        axes.grid(alpha=0.3)
    panels[0][0].set_ylabel("crack length found")
    panels[0][-1].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(out / PLOT)
    plt.close(figure)


def write_sheets(
    out: Path,
    sets: Sequence[PictureSet],
    maps: Sequence[SetMaps],
    judged: dict[str, list[Judged]],
    rule: ComponentRule,
    score_threshold: float,
    cell_px: int,
) -> None:
    """Sheets of the pictures with the longest missed cracks and with the surest false findings."""
    misses, alarms = [], []
    for number, one in enumerate(sets):
        for at, found in enumerate(judged[one.name]):
            if found.truth.boxes is not None:
                continue
            missed = int((found.reached < score_threshold).sum())
            surest = float(found.false[0]) if len(found.false) else -np.inf
            misses.append((missed, number, at))
            alarms.append((surest, number, at))
    for name, ranked in ((MISSES, misses), (FALSE_ALARMS, alarms)):
        worst = sorted(ranked, reverse=True)[:TILES]
        least = 0 if name == MISSES else -np.inf
        chosen = {(number, at) for value, number, at in worst if value > least}
        tiles = {}
        for number, one in enumerate(sets):
            wanted = {at for which, at in chosen if which == number}
            if not wanted:
                continue
            for at, (picture, rgb, _) in enumerate(one.read()):
                if at in wanted:
                    tiles[number, at] = _tile(
                        f"{one.name} {picture.name}",
                        rgb,
                        maps[number],
                        at,
                        judged[one.name][at],
                        rule,
                        score_threshold,
                        cell_px,
                    )
        ordered = [tiles[number, at] for _, number, at in worst if (number, at) in tiles]
        if ordered:
            write_picture(out / name, _sheet(ordered), 88)


def _tile(
    title: str,
    rgb: RGB,
    maps: SetMaps,
    at: int,
    judged: Judged,
    rule: ComponentRule,
    score_threshold: float,
    cell_px: int,
) -> RGB:
    """A picture with its missed and found cracks, and the outlines of its findings."""
    crack_map = sigmoid(maps.logits[at])
    labels, count = label_components(crack_map, rule)
    scores = score_components(crack_map, labels, count, rule)
    shown = np.concatenate([[False], scores >= score_threshold])[labels]
    drawn = rgb.copy()
    truth = judged.truth
    outlines = cv2.resize(
        shown.astype(np.uint8), None, fx=cell_px, fy=cell_px, interpolation=cv2.INTER_NEAREST
    )
    contours, _ = cv2.findContours(outlines, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, contours, -1, FALSE, LINE_PX)
    for top, left, bottom, right in [] if truth.boxes is None else truth.boxes * cell_px:
        cv2.rectangle(drawn, (int(left), int(top)), (int(right) - 1, int(bottom) - 1), MISSED, 1)
    for row, col, reached in zip(truth.rows, truth.cols, judged.reached, strict=True):
        colour = FOUND if reached >= score_threshold else MISSED
        corner = (int(col) * cell_px + 5, int(row) * cell_px + 5)
        cv2.rectangle(drawn, corner, (corner[0] + 5, corner[1] + 5), colour, -1)
    factor = TILE_PX / max(drawn.shape[:2])
    small = cv2.resize(drawn, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    tile = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    cv2.putText(tile, title[:38], (3, TILE_PX - 5), 0, 0.33, (255, 255, 255), 2)
    cv2.putText(tile, title[:38], (3, TILE_PX - 5), 0, 0.33, (0, 0, 0), 1)
    return tile


def _sheet(tiles: Sequence[RGB]) -> RGB:
    blank = np.zeros_like(tiles[0])
    whole = [*tiles, *[blank] * (-len(tiles) % ACROSS)]
    return np.vstack([np.hstack(whole[at : at + ACROSS]) for at in range(0, len(whole), ACROSS)])


def _cell(found: float | None, false: float) -> str:
    return f"({false:.3f})" if found is None else f"{found:.3f} ({false:.3f})"


def _with_interval(value: float | None, interval: dict[str, Any]) -> str:
    if value is None:
        return "–"
    if interval["low"] is None:
        return f"{value:.3f} (no interval: {interval['degenerate']})"
    note = f"; {interval['degenerate']}" if "degenerate" in interval else ""
    return f"{value:.3f} ({interval['low']:.3f}–{interval['high']:.3f}{note})"


def _width(one: dict[str, Any]) -> str:
    if one["to_px"] is None:
        return f"> {one['from_px']:g} px"
    return f"{one['from_px']:g}–{one['to_px']:g} px" if one["from_px"] else f"< {one['to_px']:g} px"

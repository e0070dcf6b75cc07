"""Turns an evaluation into one self-contained HTML page that needs no network and prints well."""

import base64
from importlib.resources import files
from typing import Any

import cv2
import jinja2
import numpy as np
from markupsafe import Markup

from crackscan.train.evaluate import figures, metrics
from crackscan.train.evaluate.measure import Measured, Mistake
from crackscan.train.evaluate.metrics import Working
from crackscan.train.evaluate.report import Document

THUMBNAIL_PX = 256
FRAME_RGB = (255, 140, 60)


def render_page(document: Document, measured: Measured) -> str:
    """The HTML of a document made by `report.assemble` and the measurement it sums up."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_load_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=format_percent,
        share=format_share,
        share4=lambda value: format_share(value, 4),
        count=format_count,
        size=format_size,
    )
    model, patch = document["model"], document["patch"]
    cell_px, k = model["cell_px"], model["pooling"]["k"]
    return environment.get_template("page.html").render(
        e=document,
        c=metrics.Confusion(**patch["confusion"]),
        tiles=_describe_tiles(document),
        figures=_draw_figures(document, measured),
        missed=[_draw_thumbnail(each) for each in measured.missed],
        false_alarms=[_draw_thumbnail(each, cell_px, k) for each in measured.false_alarms],
    )


def format_percent(value: float) -> str:
    """A share in per cent; never rounded up to 100 % or down to 0 % unless it is that."""
    for decimals in (1, 2, 3):
        if value in (0, 1) or 0 < round(100 * value, decimals) < 100:
            break
    return f"{100 * value:.{0 if value in (0, 1) else decimals}f} %"


def format_share(value: float, decimals: int = 3) -> str:
    """A figure in 0..1; never rounded up to 1 unless it is 1."""
    while decimals < 6 and round(value, decimals) == 1 and value != 1:
        decimals += 1
    return f"{value:.{decimals}f}"


def format_count(number: int) -> str:
    """An integer with commas between thousands."""
    return f"{number:,}"


def format_size(number: int) -> str:
    """A size in bytes, as kB or MB."""
    return f"{number / 1000:,.0f} kB" if number < 10_000_000 else f"{number / 1e6:,.1f} MB"


def _load_template(name: str) -> str:
    return files("crackscan.train.evaluate").joinpath(name).read_text(encoding="utf-8")


def _describe_tiles(document: Document) -> list[dict[str, str]]:
    patch = document["patch"]
    tiles = [
        {
            "title": "Ranking (AUROC)",
            "value": format_share(patch["auroc"], 4),
            "small": _format_interval(patch["auroc_95"], 4),
            "meaning": "Shown a patch with a crack and one without, how often it gives the "
            "cracked one the higher probability. 0.5 is guessing.",
        },
        {
            "title": "Balance (F1)",
            "value": format_share(patch["f1"]),
            "small": _format_interval(patch["f1_95"], 3),
            "meaning": "Cracks found and alarms that are right, in one figure. 1 is perfect.",
        },
        {
            "title": "Calibration (ECE)",
            "value": f"{patch['ece']:.3f}",
            "small": "smaller is better",
            "meaning": "How far the predicted probability is from the observed frequency, on "
            f"average: {100 * patch['ece']:.1f} percentage points.",
        },
    ]
    if document["cells"]:
        point = document["cells"]["operating_points"][document["operating_point"]["name"]]
        tiles.append(
            {
                "title": "Marking (cell F1)",
                "value": format_share(point["f1"]),
                "small": "one cell of tolerance",
                "meaning": "Whether the cells marked in a photograph are those that the "
                "crack runs through.",
            }
        )
    return tiles


def _format_interval(limits: dict[str, float], decimals: int) -> str:
    return (
        f"95 %: {format_share(limits['low'], decimals)} to {format_share(limits['high'], decimals)}"
    )


def _draw_figures(document: Document, measured: Measured) -> dict[str, Markup]:
    patch, point = document["patch"], document["operating_point"]
    labels, logits = measured.labels, measured.logits
    here = Working(**patch["operating_points"][point["name"]])
    bins = tuple(metrics.Bin(**each) for each in patch["reliability"])
    drawn = {
        "roc": figures.draw_roc(metrics.roc_curve(labels, logits), patch["auroc"], here),
        "precision_recall": figures.draw_precision_recall(
            metrics.precision_recall(labels, logits),
            patch["average_precision"],
            float(labels.mean()),
            here,
        ),
        "reliability": figures.draw_reliability(bins, patch["ece"]),
        "scores": figures.draw_scores(labels, measured.probabilities, point["patch"]),
    }
    return {name: Markup(svg) for name, svg in drawn.items()}


def _draw_thumbnail(mistake: Mistake, cell_px: int = 0, marked: int = 0) -> dict[str, Any]:
    """The patch as a JPEG, with thin frames round its `marked` strongest cells."""
    scale = THUMBNAIL_PX / max(mistake.rgb.shape[:2])
    rgb = cv2.resize(
        mistake.rgb,
        None,
        fx=scale,
        fy=scale,
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
    )
    strongest = np.argsort(mistake.logits, axis=None)[mistake.logits.size - marked :]
    for flat in strongest if marked else ():
        row, col = divmod(int(flat), mistake.logits.shape[1])
        corners = (np.array([col, row, col + 1, row + 1]) * cell_px * scale).round().astype(int)
        left, top, right, bottom = corners.tolist()
        inside = (min(right, rgb.shape[1]) - 1, min(bottom, rgb.shape[0]) - 1)
        cv2.rectangle(rgb, (left, top), inside, FRAME_RGB, 2)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return {
        "name": mistake.name,
        "probability": mistake.probability,
        "jpeg": base64.b64encode(encoded.tobytes()).decode("ascii"),
    }

"""A folder of rendered samples with masks, as `crackscan-train evaluate` reads it."""

import json
from pathlib import Path

import cv2
import numpy as np

from crackscan.core.durable_files import write_atomically
from crackscan.core.picture_writing import write_picture
from crackscan.train.render.sample import Sample

QUALITY = 95


def write_sample(out: Path, seed: int, sample: Sample) -> None:
    """Add a sample to a data folder: images/SEED.jpg, masks/SEED.png and a line of lines.jsonl.

    The line holds the picture's name, its seed, what it shows, and the centre lines as
    [[x, y, width], ...] in pixels, to a hundredth.
    """
    for part in ("images", "masks"):
        (out / part).mkdir(parents=True, exist_ok=True)
    name = f"{seed:08d}"
    write_picture(out / "images" / f"{name}.jpg", sample.rgb, QUALITY)
    _, data = cv2.imencode(".png", sample.mask)
    write_atomically(out / "masks" / f"{name}.png", data.tobytes())
    lines = [np.round(line.astype(np.float64), 2).tolist() for line in sample.centre_lines]
    record = {"image": f"{name}.jpg", "seed": seed, "kind": sample.kind, "lines": lines}
    with (out / "lines.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")

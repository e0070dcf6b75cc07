"""Run in the virtual machine: reads vivid's camera, unplugs and plugs it, prints JSON."""

import itertools
import json
import time
from pathlib import Path

import numpy as np

from crackscan.core.errors import SourceError
from crackscan.edge.capture import Source, SourceState, open_source
from crackscan.edge.capture.camera_discovery import list_v4l2_cameras
from crackscan.edge.capture.frame import Frame

DRIVER = Path("/sys/bus/platform/drivers/vivid")


def colours(frame: Frame) -> list[list[int]]:
    """Of the eight bars: white, yellow, cyan, green, magenta, red, blue, black."""
    height, width = frame.rgb.shape[:2]
    row = frame.rgb[height * 3 // 4 :].reshape(-1, width, 3)
    return [
        np.median(row[:, width * (2 * bar + 1) // 16], axis=0).astype(int).tolist()
        for bar in range(8)
    ]


def wait_for(source: Source, state: SourceState) -> str:
    until_s = time.monotonic() + 30
    while source.condition.state is not state and time.monotonic() < until_s:
        time.sleep(0.02)
    return source.condition.text


def refused(name: str) -> str:
    try:
        with open_source(name) as source:
            next(iter(source))
    except SourceError as error:
        return str(error)
    return ""


def main() -> None:
    told: dict[str, object] = {"cameras": [vars(camera) for camera in list_v4l2_cameras()]}
    for name in ("0", "/dev/video0#size=640x360,format=YUYV,fps=15"):
        with open_source(name) as source:
            frames = list(itertools.islice(source, 12))
        told[name] = {
            "size": [frames[-1].width, frames[-1].height],
            "colours": colours(frames[-1]),
            "fps": 11 / (frames[-1].monotonic_s - frames[0].monotonic_s),
            "index": frames[-1].index,
        }
    told["refused"] = [
        refused("/dev/video0#size=1234x568"),
        refused("/dev/video0#format=H264"),
        refused("/dev/video7"),
    ]
    with open_source("0#size=640x360") as source:
        stream = iter(source)
        before = next(stream)
        while not source.dropped:  # a slow reader
            time.sleep(1)
            next(stream)
        told["dropped"] = source.dropped
        (DRIVER / "unbind").write_text("vivid.0")
        told["unplugged"] = wait_for(source, SourceState.LOST)
        time.sleep(3)
        (DRIVER / "bind").write_text("vivid.0")
        after = next(frame for frame in stream if source.gaps)
        told["gap"] = vars(source.gaps[0])
        told["after"] = {"colours": colours(after), "later": after.index > before.index}
        told["good"] = source.condition.good
    print("RESULT " + json.dumps(told), flush=True)


main()

"""Folders of photographs as a drone or a phone leaves them, made from the samples."""

import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.inference.model import find_model
from crackscan.edge.pipelines.photos import (
    Looked,
    Method,
    Recorder,
    Tally,
    Task,
    list_photos,
    open_survey,
)
from crackscan.edge.pipelines.photos.process_photo import Looker
from crackscan.edge.pipelines.photos.record import settings_of
from crackscan.edge.pipelines.photos.survey_photos import survey_photos
from crackscan.edge.survey import PictureQuota, Survey, SurveyInfo

SAMPLES = Path(__file__).parents[4] / "samples"
CRACKED, INTACT = "cracked-patch-level.jpg", "intact-patch-grey.jpg"
METHOD = Method(str(find_model()))
NO_RESERVE = PictureQuota(reserve_bytes=0)
DRONE = """<x:xmpmeta><rdf:RDF><rdf:Description drone-dji:GpsLatitude="+49.726349021"
drone-dji:GpsLongitude="-13.350951205" drone-dji:RelativeAltitude="+36.280"
drone-dji:GimbalYawDegree="-84.10" drone-dji:GimbalPitchDegree="-24.50"
drone-dji:GimbalRollDegree="0" drone-dji:LRFStatus="Normal" drone-dji:LRFTargetDistance="{metres}"
drone-dji:CalibratedFocalLength="{focal}"/></rdf:RDF></x:xmpmeta>"""


def sample(name: str) -> RGB:
    return read_picture(SAMPLES / name)


def jpeg(rgb: RGB, laser_m: float | None = None, focal_px: float = 3725.15) -> bytes:
    """A JPEG; with a laser distance it is a drone's."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert done
    content = data.tobytes()
    if laser_m is None:
        return content
    body = b"http://ns.adobe.com/xap/1.0/\0" + DRONE.format(metres=laser_m, focal=focal_px).encode()
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[2:]


def photographs(folder: Path, count: int) -> Path:
    """So many photographs, every other one cracked, no two alike, in two folders."""
    for number in range(count):
        name = CRACKED if number % 2 == 0 else INTACT
        rgb = np.asarray(cv2.convertScaleAbs(sample(name), alpha=1, beta=number % 40), np.uint8)
        path = folder / ("north" if number < count // 2 else "south") / f"{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(rgb))
    return folder


class AloneCrew:
    """Looks at photographs in this process, one after the other."""

    def __init__(self, method: Method = METHOD) -> None:
        self.looker = Looker(method)
        self.names: list[str] = []
        """Of those that were looked at."""

    def look(self, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Looked]:
        for task in tasks:
            if stopped():
                return
            self.names.append(task.name)
            yield self.looker.look_at(task)


def opened(folder: Path, out: Path, method: Method = METHOD) -> Survey:
    """The survey as the command opens it."""
    card = Looker(method).model.card
    info = SurveyInfo("bridge", "", "", str(folder), card.name, card.version)
    settings = settings_of(method, card, folder)
    return open_survey(out, info, settings, card, list_photos(folder))


def run(
    folder: Path,
    out: Path,
    crew: AloneCrew,
    budget: PictureQuota = NO_RESERVE,
    stopped: Callable[[], bool] = lambda: False,
) -> Tally:
    """One run of the survey."""
    tally = Tally()
    with opened(folder, out, crew.looker.method) as survey:
        survey_photos(list_photos(folder), crew, Recorder(survey, budget), tally, stopped)
    return tally

"""Folders of photographs as a drone or a phone leaves them, made from the samples."""

import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.inference.model import find_model
from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector
from crackscan.edge.pipelines.photos.folder import method_settings, open_survey, survey_info
from crackscan.edge.pipelines.photos.listing import list_photos
from crackscan.edge.pipelines.photos.process_pool import SerialPool
from crackscan.edge.pipelines.photos.record import PhotoRecorder
from crackscan.edge.pipelines.photos.scan_photos import scan_photos
from crackscan.edge.pipelines.photos.tally import PhotoTally
from crackscan.edge.pipelines.photos.values import Method, PhotoResult, Task
from crackscan.edge.survey import PictureQuota, Survey

SAMPLES = Path(__file__).parents[4] / "samples"
CRACKED, INTACT = "cracked-patch-level.jpg", "intact-patch-grey.jpg"
METHOD = Method(str(find_model("crack-s")))
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
    """Photographs in two folders, every other one cracked, no two alike."""
    for number in range(count):
        name = CRACKED if number % 2 == 0 else INTACT
        rgb = np.asarray(cv2.convertScaleAbs(sample(name), alpha=1, beta=number % 40), np.uint8)
        path = folder / ("north" if number < count // 2 else "south") / f"{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(rgb))
    return folder


class NotingPool(SerialPool):
    """Processes photographs in this process, and notes which."""

    def __init__(self, method: Method = METHOD) -> None:
        super().__init__(PhotoDetector(method))
        self.names: list[str] = []
        """Of those that were processed."""

    def process_photos(
        self, tasks: Iterable[Task], stopped: Callable[[], bool]
    ) -> Iterator[PhotoResult]:
        for result in super().process_photos(tasks, stopped):
            self.names.append(result.name)
            yield result


def opened(
    folder: Path, out: Path, method: Method = METHOD, overwrite: bool = False, resume: bool = False
) -> Survey:
    """The survey as the command opens it."""
    card = PhotoDetector(method).model.card
    settings = method_settings(method, card, folder)
    info = survey_info(out, settings, "bridge", "")
    return open_survey(out, info, settings, card, list_photos(folder), overwrite, resume)


def run(
    folder: Path,
    out: Path,
    pool: NotingPool,
    quota: PictureQuota = NO_RESERVE,
    stopped: Callable[[], bool] = lambda: False,
) -> PhotoTally:
    """One run of the scan, without the files beside the record."""
    tally = PhotoTally()
    with opened(folder, out, pool.detector.method) as survey:
        scan_photos(list_photos(folder), pool, PhotoRecorder(survey, quota), tally, stopped)
    return tally

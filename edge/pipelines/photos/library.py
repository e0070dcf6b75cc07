"""The detection of cracks for Python programs: what the commands do, as one function."""

import os
from functools import lru_cache
from pathlib import Path

from crackscan.core.errors import PictureError
from crackscan.core.model_card import DEFAULT_POINT
from crackscan.core.pictures import RGB
from crackscan.edge.detection.finding import Finding
from crackscan.edge.inference.model import Model, find_model
from crackscan.edge.inference.model_store import ModelUse
from crackscan.edge.measurement.scale.settings import ScaleSettings
from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector
from crackscan.edge.pipelines.photos.values import Method, Task


def detect(
    picture: str | os.PathLike[str] | RGB,
    model: str | os.PathLike[str] | Model | None = None,
    operating_point: str = DEFAULT_POINT,
    threads: int | None = None,
    *,
    distance: str | None = None,
    camera: str | None = None,
    lens_mm: float | None = None,
    target: bool = False,
    points: str | None = None,
) -> list[Finding]:
    """Find and measure the cracks on a photograph, as `crackscan scan` and `measure` do.

    Args:
        picture: a file, or uint8 (height, width, 3), RGB, upright, at least 32 px on each side.
            A file may also state its lens and distance (EXIF, XMP of drones); an array cannot.
        model: a name, a `.tflite` file, or a loaded model; None: the default for photographs.
        operating_point: a name of the model's card, like `"high-recall"`.
        threads: of a model that is loaded here; None: one per core, at most four.
        distance: from the camera to the wall, m, like `"1.5"` or `"1.5±0.05"`.
        camera: a Raspberry Pi camera module like `"v3"`, or a file of `crackscan calibrate`.
        lens_mm: focal length of the lens on a module that comes without one.
        target: whether the printed target is searched for in the picture.
        points: `"x1,y1,x2,y2,mm"`: two points of the picture, px, and their distance on the wall.

    Returns:
        The findings, the surest first; px and cells are those of the whole photograph.

    Raises:
        PictureError: the file cannot be read, or is not a picture that can be judged.
        ModelError: the model cannot be loaded, or has no such operating point.
        ScaleError: the options of the scale cannot be used.
        ValueError: the array is not a uint8 RGB picture, or too small.
    """
    loaded = model if isinstance(model, Model) else _load_model(model, threads)
    scale = ScaleSettings.parse(distance, camera, lens_mm, target, points)
    method = Method(
        os.fspath(loaded.path), operating_point, scale, threads, most_close_ups=0, keep_copy=False
    )
    detector = PhotoDetector(method, loaded)
    if not isinstance(picture, str | os.PathLike):
        return list(detector.process_pixels(picture).findings)
    path = os.fspath(picture)
    result = detector.process_file(Task(Path(path).name, path, 0))
    if result.skipped:
        raise PictureError(f"{path} {result.skipped}")
    return list(result.findings)


def _load_model(model: str | os.PathLike[str] | None, threads: int | None) -> Model:
    path = find_model(model, ModelUse.PHOTOGRAPHS)
    return _load_file(path, threads, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _load_file(path: Path, threads: int | None, _modified_ns: int) -> Model:
    """A model that stays loaded for the next picture, until its file changes."""
    return Model.load(path, threads)

"""The scale of frame after frame, from the best that is known of each."""

from math import hypot
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from crackscan.core.errors import ScaleError
from crackscan.core.pictures import is_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.measurement.scale.camera_file import read_camera
from crackscan.edge.measurement.scale.lens import Lens, unknown_lens
from crackscan.edge.measurement.scale.modules import MODULES, Module, module_lens, module_of
from crackscan.edge.measurement.scale.photo_lens import photo_lens
from crackscan.edge.measurement.scale.settings import Distance90, ScaleSettings, TwoPoints
from crackscan.edge.measurement.scale.target import find_target
from crackscan.edge.measurement.scale.view import UNKNOWN_TILT_RAD, View
from crackscan.edge.measurement.values import Scale
from crackscan.edge.measurement.width import CrackMeasure
from crackscan.edge.positioning.photo import PhotoData, read_photo
from crackscan.edge.positioning.values import NO_GEOTAG, Distance, Geotag

_DEVICE_M, _DEVICE_SHARE = (
    {"laser": 0.2, "rangefinder": 0.05},
    {"laser": 0.002, "rangefinder": 0.02},
)
"""90 % uncertainty of a device's distance: a fixed part (m) and a share. DJI states 0.2 m + 0.15 %
for its laser; small time-of-flight sensors on autopilots are mostly specified to a few per cent."""


class Scaling:
    """Gives each frame its scale.

    Of what is known the best is taken: the printed target in the frame; two points of known
    distance; the distance (the user's, else the frame's own by laser or rangefinder) with the lens
    (the user's, else the photograph's own).
    """

    def __init__(self, settings: ScaleSettings, camera: Lens | Module | None) -> None:
        self.settings = settings
        self._camera = camera
        self._frame: Frame | None = None
        self._first_size: tuple[int, int] | None = None
        self._view = View(why="no frame was seen yet")

    @classmethod
    def of(cls, settings: ScaleSettings) -> Self:
        """Prepare for frames of one source.

        Raises ScaleError where the settings name no usable camera or leave out what it needs.
        """
        name = settings.camera
        if name is None:
            if settings.lens_mm is not None:
                raise ScaleError("--lens needs the camera module: give it with --camera")
            return cls(settings, None)
        module = module_of(name)
        if module is not None:
            module_lens(module, settings.lens_mm, module.width_px, module.height_px)
            return cls(settings, module)
        if not Path(name).exists() and Path(name).suffix != ".json":
            raise ScaleError(
                f"no camera {name!r}: give a camera file of `crackscan calibrate`, or one of "
                f"{', '.join(MODULES)}"
            )
        if settings.lens_mm is not None:
            raise ScaleError("--lens is for camera modules: a camera file has its own lens")
        return cls(settings, read_camera(Path(name)))

    @property
    def why(self) -> str:
        """Why the last frame has no scale, in some words; "" if it has one."""
        return "" if self._view.known else self._view.why

    def scale_of(
        self,
        frame: Frame,
        geotag: Geotag = NO_GEOTAG,
        *,
        measure: CrackMeasure | None = None,
        photo: PhotoData | None = None,
    ) -> Scale | None:
        """The scale of a crack in a frame, or, without `measure`, at the frame's middle.

        With a measure, tilt of the wall and distortion of the lens at the crack's own place and
        across its own direction are in the scale. None: nothing tells the scale, see `why`.

        Args:
            frame: the frame; asking again for the same one costs next to nothing.
            geotag: what is known of its place; the distance counts.
            measure: the crack, as `measure_crack` gives it.
            photo: what the frame's file says of itself, if that was read already; else it is
                read where the frame is a picture file.

        Raises ScaleError only for what is wrong with the settings for every such frame.
        """
        view = self.view(frame, geotag, photo)
        if measure is not None and measure.branches:
            return view.scale_of(measure)
        return view.scale_at((frame.width - 1) / 2, (frame.height - 1) / 2)

    def view(
        self, frame: Frame, geotag: Geotag = NO_GEOTAG, photo: PhotoData | None = None
    ) -> View:
        """The frame's whole geometry, for whoever needs the scale at many places."""
        if frame is not self._frame:
            self._view = self._look(frame, geotag, photo)
            self._frame = frame
        return self._view

    def _look(self, frame: Frame, geotag: Geotag, photo: PhotoData | None) -> View:
        settings = self.settings
        lens = self._lens(frame, photo)
        known = lens if isinstance(lens, Lens) else None
        if settings.target:
            grey = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
            target = find_target(grey, known)
            if target is not None:
                return target
        if settings.points is not None:
            return self._by_points(settings.points, frame, known)
        distance = settings.distance or _measured(geotag.distance)
        if distance is not None:
            if known is not None:
                return by_distance(distance, known, _word(settings, geotag))
            return View(why=f"the distance is known, but not the lens: {lens}")
        if settings.target:
            return View(why="no printed target was found in the frame")
        return View(why="neither the distance, nor a target, nor two points are known")

    def _by_points(self, points: TwoPoints, frame: Frame, lens: Lens | None) -> View:
        """Points are in px of the first frame; later ones may be larger or smaller."""
        if self._first_size is None:
            self._first_size = (frame.width, frame.height)
        factor = frame.width / self._first_size[0]
        if abs(frame.height / self._first_size[1] / factor - 1) > 0.01:
            first = f"{self._first_size[0]}x{self._first_size[1]}"
            return View(why=f"the two points belong to frames of another shape ({first})")
        here = points.scaled(factor)
        if here.too_near:
            return View(why=here.too_near)
        return by_points(here, lens or unknown_lens(frame.width, frame.height))

    def _lens(self, frame: Frame, photo: PhotoData | None) -> Lens | str:
        """The lens, or why it is not known."""
        if isinstance(self._camera, Module):
            return module_lens(self._camera, self.settings.lens_mm, frame.width, frame.height)
        if self._camera is not None:
            try:
                return self._camera.for_size(frame.width, frame.height)
            except ScaleError as error:
                return str(error)
        if photo is None:
            path = picture_path(frame)
            if path is None:
                return "give it with --camera (a module's name, or a file of `crackscan calibrate`)"
            photo = read_photo(path)
        found = photo_lens(photo, frame.width, frame.height)
        if isinstance(found, str):
            return f"{found}; give it with --camera"
        return found


def by_distance(distance: Distance90, lens: Lens, source: str = "distance") -> View:
    """The view of a wall at a known distance along the lens's axis, square to it within 10°."""
    mm_per_px = distance.metres * 1000 / lens.focal_px
    return View(
        to_mm=np.diag([mm_per_px, mm_per_px, 1.0]),
        relative_uncertainty=hypot(
            distance.uncertainty_m / distance.metres, lens.relative_uncertainty
        ),
        sure_at=(lens.cx_px, lens.cy_px),
        source=f"{source}, {lens.name}",
        lens=lens,
        tilt_rad=UNKNOWN_TILT_RAD,
    )


def by_points(points: TwoPoints, lens: Lens) -> View:
    """The view of a wall on which two points have a known distance, given in a frame's px.

    Where the lens is not known, `unknown_lens` of the frame's size serves.
    """
    both = np.array([[points.x1, points.y1], [points.x2, points.y2]], np.float64)
    straight = lens.undistorted(both)
    mm_per_px = points.mm / float(np.hypot(*(straight[1] - straight[0])))
    x, y = both.mean(axis=0)
    return View(
        to_mm=np.diag([mm_per_px, mm_per_px, 1.0]),
        relative_uncertainty=points.relative_uncertainty,
        sure_at=(float(x), float(y)),
        source="two points",
        lens=lens,
        tilt_rad=UNKNOWN_TILT_RAD,
    )


def picture_path(frame: Frame) -> Path | None:
    """The picture file that a frame was read from, None for a camera's or a video's."""
    root = Path(frame.source)
    path = root / frame.name if root.is_dir() else root
    return path if is_picture(path) and path.is_file() else None


def _measured(distance: Distance | None) -> Distance90 | None:
    if distance is None or distance.value_m <= 0:
        return None
    fixed, share = _DEVICE_M.get(distance.source, 0.2), _DEVICE_SHARE.get(distance.source, 0.05)
    uncertainty_m = hypot(fixed, share * distance.value_m)
    return Distance90(distance.value_m, uncertainty_m)


def _word(settings: ScaleSettings, geotag: Geotag) -> str:
    if settings.distance is not None or geotag.distance is None:
        return "distance"
    return geotag.distance.source

"""The scale of each frame, from the best information that is available for it."""

from math import hypot
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from crackscan.core.errors import ScaleError
from crackscan.core.pictures import is_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.measurement.scale.camera_file import read_camera
from crackscan.edge.measurement.scale.camera_modules import (
    CAMERA_MODULES,
    CameraModule,
    build_module_lens,
    find_module,
)
from crackscan.edge.measurement.scale.lens import Lens, assume_lens
from crackscan.edge.measurement.scale.parameters import PARAMETERS
from crackscan.edge.measurement.scale.photo_lens import find_photo_lens
from crackscan.edge.measurement.scale.plane_fit import detect_target
from crackscan.edge.measurement.scale.settings import ScaleSettings, TwoPoints, WallDistance
from crackscan.edge.measurement.scale.wall_plane import WallPlane, assume_plane, plane_from_points
from crackscan.edge.measurement.values import Scale
from crackscan.edge.measurement.width import CrackMeasure
from crackscan.edge.positioning.geotag import NO_GEOTAG, Distance, Geotag
from crackscan.edge.positioning.photo import PhotoData, read_photo


class ScaleEstimator:
    """Estimates the scale of the frames of one source.

    It uses the first of these that is available: the printed target in the frame; two points with
    a known distance; the distance to the wall (from the user, else from a laser or rangefinder)
    together with the lens (from the user, else from the photograph).
    """

    def __init__(self, settings: ScaleSettings, camera: Lens | CameraModule | None) -> None:
        self.settings = settings
        self._camera = camera
        self._frame: Frame | None = None
        self._first_size: tuple[int, int] | None = None
        self._plane = WallPlane(why="no frame has arrived yet")

    @classmethod
    def from_settings(cls, settings: ScaleSettings) -> Self:
        """Make an estimator.

        Raises ScaleError if the settings name no usable camera or lack what it needs.
        """
        name = settings.camera
        if name is None:
            if settings.lens_mm is not None:
                raise ScaleError("--lens needs the camera module: give it with --camera")
            return cls(settings, None)
        module = find_module(name)
        if module is not None:
            build_module_lens(module, settings.lens_mm, module.width_px, module.height_px)
            return cls(settings, module)
        if not Path(name).exists() and Path(name).suffix != ".json":
            raise ScaleError(
                f"unknown camera {name!r}: give a camera file of `crackscan calibrate`, or one of "
                f"{', '.join(CAMERA_MODULES)}"
            )
        if settings.lens_mm is not None:
            raise ScaleError("--lens is for camera modules: a camera file contains its lens")
        return cls(settings, read_camera(Path(name)))

    @property
    def why(self) -> str:
        """Why the last frame has no scale; "" if it has one."""
        return "" if self._plane.known else self._plane.why

    def estimate_scale(
        self,
        frame: Frame,
        geotag: Geotag = NO_GEOTAG,
        *,
        measure: CrackMeasure | None = None,
        photo: PhotoData | None = None,
    ) -> Scale | None:
        """Estimate the scale of a crack in a frame, or at the centre of the frame.

        With `measure`, the scale includes the tilt of the wall and the distortion of the lens at
        the crack and across it. None if the scale is unknown; `why` then says the reason.

        Args:
            frame: the frame; another call with the same one is cheap.
            geotag: its position; only the distance is used.
            measure: the crack, as `measure_crack` returns it.
            photo: the metadata of the frame's file; read from the file by default.

        Raises ScaleError only if the settings are wrong for all frames.
        """
        plane = self.estimate_plane(frame, geotag, photo)
        if measure is not None and measure.branches:
            return plane.estimate_crack_scale(measure)
        return plane.estimate_scale_at((frame.width - 1) / 2, (frame.height - 1) / 2)

    def estimate_plane(
        self, frame: Frame, geotag: Geotag = NO_GEOTAG, photo: PhotoData | None = None
    ) -> WallPlane:
        """Estimate the plane of the wall, for callers that need the scale at many points."""
        if frame is not self._frame:
            self._plane = self._find_plane(frame, geotag, photo)
            self._frame = frame
        return self._plane

    def _find_plane(self, frame: Frame, geotag: Geotag, photo: PhotoData | None) -> WallPlane:
        settings = self.settings
        lens_or_why = self._find_lens(frame, photo)
        lens = lens_or_why if isinstance(lens_or_why, Lens) else None
        if settings.target:
            grey = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
            plane = detect_target(grey, lens)
            if plane is not None:
                return plane
        if settings.points is not None:
            return self._use_points(settings.points, frame, lens)
        distance = settings.distance or _add_uncertainty(geotag.distance)
        if distance is not None:
            if lens is not None:
                return assume_plane(distance, lens, _name_distance(settings, geotag))
            return WallPlane(why=f"the distance is known, but not the lens: {lens_or_why}")
        if settings.target:
            return WallPlane(why="no printed target was found in the frame")
        return WallPlane(why="neither the distance, nor a target, nor two points are known")

    def _use_points(self, points: TwoPoints, frame: Frame, lens: Lens | None) -> WallPlane:
        """Scale the points, which are px of the first frame, to this frame."""
        if self._first_size is None:
            self._first_size = (frame.width, frame.height)
        factor = frame.width / self._first_size[0]
        shape = frame.height / self._first_size[1] / factor
        if abs(shape - 1) > PARAMETERS.same_shape_share:
            first = f"{self._first_size[0]}x{self._first_size[1]}"
            return WallPlane(why=f"the two points belong to frames of another shape ({first})")
        scaled = points.scale_by(factor)
        if scaled.too_close:
            return WallPlane(why=scaled.too_close)
        return plane_from_points(scaled, lens or assume_lens(frame.width, frame.height))

    def _find_lens(self, frame: Frame, photo: PhotoData | None) -> Lens | str:
        """Return the lens, or why it is unknown."""
        if isinstance(self._camera, CameraModule):
            lens_mm = self.settings.lens_mm
            return build_module_lens(self._camera, lens_mm, frame.width, frame.height)
        if self._camera is not None:
            try:
                return self._camera.resize_to(frame.width, frame.height)
            except ScaleError as error:
                return str(error)
        if photo is None:
            path = find_picture_path(frame)
            if path is None:
                return "give it with --camera (a module's name, or a file of `crackscan calibrate`)"
            photo = read_photo(path)
        lens = find_photo_lens(photo, frame.width, frame.height)
        if isinstance(lens, str):
            return f"{lens}; give it with --camera"
        return lens


def find_picture_path(frame: Frame) -> Path | None:
    """Find the picture file of a frame; None if the frame is from a camera or video."""
    root = Path(frame.source)
    path = root / frame.name if root.is_dir() else root
    return path if is_picture(path) and path.is_file() else None


def _add_uncertainty(distance: Distance | None) -> WallDistance | None:
    """Add the uncertainty of the device that measured a distance."""
    if distance is None or distance.value_m <= 0:
        return None
    fixed_m, share = {
        "laser": (PARAMETERS.laser_m, PARAMETERS.laser_share),
        "rangefinder": (PARAMETERS.rangefinder_m, PARAMETERS.rangefinder_share),
    }.get(distance.source, (PARAMETERS.device_m, PARAMETERS.device_share))
    return WallDistance(distance.value_m, hypot(fixed_m, share * distance.value_m))


def _name_distance(settings: ScaleSettings, geotag: Geotag) -> str:
    if settings.distance is not None or geotag.distance is None:
        return "distance"
    return geotag.distance.source

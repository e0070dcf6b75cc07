"""`crackscan calibrate`: write the printable target; calibrate a camera from pictures of it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crackscan.core.errors import CrackscanError, ScaleError

if TYPE_CHECKING:
    from crackscan.edge.capture import Source
    from crackscan.edge.measurement.scale.calibration import CalibrationViews
    from crackscan.edge.measurement.scale.camera_file import CalibratedCamera
    from crackscan.edge.measurement.scale.corner_detection import DetectedCorners

VIDEO_EVERY = 5
"""Of a video, every Nth frame is used; the frames between are almost the same."""


@click.command()
@click.argument("pictures", nargs=-1)
@click.option(
    "--print",
    "printed",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the target as a PDF (sheet and gauges) and do nothing else.",
)
@click.option(
    "--paper",
    type=click.Choice(["a4", "letter"]),
    default="a4",
    show_default=True,
    help="Paper size of the PDF.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Camera file to write, e.g. camera.json.",
)
@click.option("--name", default="", help="Name of the camera.  [default: the file's name]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def calibrate(
    pictures: tuple[str, ...],
    printed: Path | None,
    paper: str,
    out: Path | None,
    name: str,
    as_json: bool,
) -> None:
    """Measure the focal length and distortion of a camera from pictures of the printed target.

    PICTURES are photographs, folders of them, or a video. At least 8 of them must show the sheet
    (the first page) at different tilts and positions, with the same focus as on site. Then
    `crackscan scan --camera FILE` computes mm from the distance, and corrects the distortion.

    \b
    Try: crackscan calibrate --print target.pdf
         crackscan calibrate views/ --out camera.json
         crackscan scan photos/ --out results/ --camera camera.json --distance 1.5
    """
    if printed is not None:
        if pictures or out is not None:
            raise click.UsageError("--print does nothing else: leave out PICTURES and --out")
        _copy_target(printed, paper)
        return
    if not pictures or out is None:
        raise click.UsageError("give PICTURES and --out FILE, or --print FILE")
    from crackscan.edge.measurement.scale.calibration import calibrate_camera
    from crackscan.edge.measurement.scale.camera_file import write_camera

    views, frame_count, target_count = _detect_views(pictures)
    if not views.views:
        raise ScaleError(
            f"the printed target is in none of the {frame_count} pictures: take pictures that show "
            "the whole sheet"
        )
    camera = calibrate_camera(views, name or out.stem)
    write_camera(out, camera)
    _report_camera(camera, out, frame_count, target_count, as_json)


def _copy_target(path: Path, paper: str) -> None:
    from crackscan.core.durable_files import write_atomically
    from crackscan.edge.measurement.scale.printed_target import read_target

    write_atomically(path, read_target(paper))
    click.echo(f"{path}: print it at 100 %, and check the ruler on it")


def _report_camera(
    camera: "CalibratedCamera", out: Path, frame_count: int, target_count: int, as_json: bool
) -> None:
    lens = camera.lens
    if as_json:
        result = {
            "out": str(out),
            "frames": frame_count,
            "with_target": target_count,
            "views": camera.views,
            "reprojection_rms_px": round(camera.rms_px, 4),
            "focal_px": round(lens.focal_px, 2),
            "focal_relative_uncertainty": round(lens.relative_uncertainty, 5),
            "distortion": [round(value, 6) for value in lens.distortion],
        }
        click.echo(json.dumps(result))
        return
    click.echo(
        f"{target_count} of {frame_count} pictures show the target, {camera.views} different views"
        " used"
    )
    click.echo(
        f"focal length {lens.focal_px:.1f} px ± {lens.relative_uncertainty:.1%} at "
        f"{lens.width_px}x{lens.height_px}, reprojection error {camera.rms_px:.2f} px (rms)"
    )
    click.echo(f"{out}: use it with --camera {out}")


def _detect_views(names: tuple[str, ...]) -> tuple["CalibrationViews", int, int]:
    """Return the different views, the number of pictures, and how many of them show the target."""
    from crackscan.edge.capture import open_source
    from crackscan.edge.capture.video import is_video
    from crackscan.edge.measurement.scale.calibration import CalibrationViews, select_views

    detected: list[DetectedCorners] = []
    frame_count, size = 0, (0, 0)
    for name in names:
        every = VIDEO_EVERY if is_video(Path(name)) else 1
        with open_source(name, every) as source:
            if source.live:
                raise ScaleError(f"{name} is a camera: take pictures or a video with it first")
            count, size = _detect_in_source(source, size, detected)
            frame_count += count
            for skipped in source.skipped:
                click.echo(f"skipped: {skipped.name} {skipped.reason}", err=True)
    if not frame_count:
        raise CrackscanError(f"no picture could be read from {', '.join(names)}: give pictures")
    views = CalibrationViews(tuple(select_views(detected, size[0])), *size)
    return views, frame_count, len(detected)


def _detect_in_source(
    source: "Source", size: tuple[int, int], detected: "list[DetectedCorners]"
) -> tuple[int, tuple[int, int]]:
    """Append the views in one source; return the number of its frames, and their size."""
    import cv2
    import numpy as np
    from rich.console import Console
    from rich.progress import track

    from crackscan.edge.measurement.scale.charuco_board import SHEET
    from crackscan.edge.measurement.scale.corner_detection import detect_corners

    console = Console(stderr=True)
    frames = track(
        source,
        f"Detecting the target in {source.name}",
        total=source.length,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    count = 0
    for frame in frames:
        count += 1
        if size == (0, 0):
            size = frame.width, frame.height
        if (frame.width, frame.height) != size:
            raise ScaleError(
                f"{frame.name} has {frame.width}x{frame.height} px, the others "
                f"{size[0]}x{size[1]}: give pictures of one camera in one orientation"
            )
        grey = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        corners = detect_corners(grey, SHEET)
        if corners is not None:
            detected.append(corners)
    return count, size

"""`crackscan calibrate`: print the target; learn a camera from pictures of it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crackscan.core.errors import CrackscanError, ScaleError

if TYPE_CHECKING:
    from crackscan.edge.measurement.scale.calibrate import Seen

VIDEO_EVERY = 5


@click.command()
@click.argument("pictures", nargs=-1)
@click.option(
    "--print",
    "printed",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the target as a PDF of A4 (sheet and gauges) and do nothing else.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The camera file to write, e.g. camera.json.",
)
@click.option("--name", default="", help="What the camera is called.  [default: the file's name]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def calibrate(
    pictures: tuple[str, ...], printed: Path | None, out: Path | None, name: str, as_json: bool
) -> None:
    """Learn the focal length and the distortion of a camera from pictures of the printed target.

    PICTURES are photographs, folders of them, or a video: at least 8 that show the sheet (first
    page) at different tilts and places, with the focus that the camera has on site. `crackscan
    scan --camera FILE` then takes mm from the distance, and undoes the distortion.

    \b
    Try: crackscan calibrate --print target.pdf
         crackscan calibrate views/ --out camera.json
         crackscan scan photos/ --out results/ --camera camera.json --distance 1.5
    """
    if printed is not None:
        if pictures or out is not None:
            raise click.UsageError("--print does nothing else: leave PICTURES and --out out")
        from crackscan.core.durable_files import write_file
        from crackscan.edge.measurement.scale.sheet import target_pdf

        write_file(printed, target_pdf())
        click.echo(f"{printed}: print it at 100 %, and check the ruler on it")
        return
    if not pictures or out is None:
        raise click.UsageError("give PICTURES and --out FILE, or --print FILE")
    from crackscan.edge.measurement.scale.calibrate import calibrate as fit
    from crackscan.edge.measurement.scale.camera_file import write_camera

    seen, frames, with_target = _look(pictures)
    if not seen.views:
        raise ScaleError(f"the printed target is in none of the {frames} pictures")
    camera = fit(seen, name or out.stem)
    write_camera(out, camera)
    lens = camera.lens
    if as_json:
        told = {
            "out": str(out),
            "frames": frames,
            "with_target": with_target,
            "views": camera.views,
            "reprojection_rms_px": round(camera.rms_px, 4),
            "focal_px": round(lens.focal_px, 2),
            "focal_relative_uncertainty": round(lens.relative_uncertainty, 5),
            "distortion": [round(value, 6) for value in lens.distortion],
        }
        click.echo(json.dumps(told))
        return
    click.echo(
        f"{with_target} of {frames} pictures show the target, {camera.views} different views used"
    )
    click.echo(
        f"focal length {lens.focal_px:.1f} px ± {lens.relative_uncertainty:.1%} at "
        f"{lens.width_px}x{lens.height_px}, reprojection error {camera.rms_px:.2f} px (rms)"
    )
    click.echo(f"{out}: use it with --camera {out}")


def _look(names: tuple[str, ...]) -> tuple["Seen", int, int]:
    """The different views, how many pictures there were, and how many showed the target."""
    import cv2
    import numpy as np
    from rich.console import Console
    from rich.progress import track

    from crackscan.edge.capture import open_source
    from crackscan.edge.capture.video import is_video
    from crackscan.edge.measurement.scale.board import SHEET
    from crackscan.edge.measurement.scale.calibrate import Seen, chosen
    from crackscan.edge.measurement.scale.detect import Corners, find_corners

    console = Console(stderr=True)
    views: list[Corners] = []
    frames, size = 0, (0, 0)
    for name in names:
        every = VIDEO_EVERY if is_video(Path(name)) else 1
        with open_source(name, every) as source:
            if source.live:
                raise ScaleError(f"{name} is a camera: take pictures or a video first")
            bar = track(
                source,
                f"Looking at {name}",
                total=source.length,
                console=console,
                transient=True,
                disable=not console.is_terminal,
            )
            for frame in bar:
                frames += 1
                if size == (0, 0):
                    size = frame.width, frame.height
                if (frame.width, frame.height) != size:
                    raise ScaleError(
                        f"{frame.name} has {frame.width}x{frame.height} px, the others "
                        f"{size[0]}x{size[1]}: pictures of one camera, held one way, are needed"
                    )
                grey = np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
                found = find_corners(grey, SHEET)
                if found is not None:
                    views.append(found)
            for skipped in source.skipped:
                click.echo(f"skipped: {skipped.name} {skipped.reason}", err=True)
    if not frames:
        raise CrackscanError(f"no picture could be read from {', '.join(names)}")
    return Seen(tuple(chosen(views, size[0])), *size), frames, len(views)

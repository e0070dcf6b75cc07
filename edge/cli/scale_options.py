"""The options of the scale, the same for every command that measures in millimetres."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
NAMES = ("distance", "camera", "lens_mm", "target", "points")
"""Arguments that the decorated function receives, and that `ScaleSettings.parse` takes."""


def scale_options(command: Command) -> Command:
    """Add the options of the scale: `distance`, `camera`, `lens_mm`, `target`, `points`.

    Each is None if it was not given. `ScaleSettings.parse(distance, camera, lens_mm, target,
    points)` reads them.
    """
    options = (
        click.option(
            "--distance",
            metavar="M[±M]",
            help="From the camera to the wall, in m, like 1.5 or 1.5±0.05; ± 5 % without ±. With "
            "the lens it gives the mm per pixel.",
        ),
        click.option(
            "--camera",
            metavar="NAME|FILE",
            help="The lens: a file of `crackscan calibrate`, or a Raspberry Pi module: v1, v2, v3, "
            "v3-wide, hq, gs, ai. Photographs state it themselves (EXIF).",
        ),
        click.option(
            "--lens",
            "lens_mm",
            metavar="MM",
            type=click.FloatRange(min=0, min_open=True),
            help="Focal length of the lens on an hq or gs module.",
        ),
        click.option(
            "--target/--no-target",
            default=None,
            help="Search every frame for the printed target (`crackscan calibrate --print`).",
        ),
        click.option(
            "--points",
            metavar="X1,Y1,X2,Y2,MM",
            help="Two points of the frame, px, and their distance on the wall, mm.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command

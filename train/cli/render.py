"""`crackscan-train render`: rendered cracks and look-alikes, to look at or to evaluate on."""

from pathlib import Path

import click

from crackscan.core.errors import DataError

PREVIEW_COLUMNS = 4


@click.command()
@click.option(
    "--preview",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a contact sheet (JPEG or PNG): every picture, and beside it its mask's outline.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write images/, masks/ and lines.jsonl here, a data folder with masks.",
)
@click.option("--count", type=click.IntRange(1), default=24, show_default=True)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The first seed."
)
@click.option(
    "--size", type=click.IntRange(32, 4096), default=256, show_default=True, help="Pixels."
)
@click.option(
    "--background",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="A folder of crack-free pictures to render on; may be given again. "
    "Without one, every wall is procedural.",
)
@click.option(
    "--cracked",
    type=click.FloatRange(0.0, 1.0),
    default=0.5,
    show_default=True,
    help="Share of pictures with a crack; the others show look-alikes only.",
)
def render(
    preview: Path | None,
    out: Path | None,
    count: int,
    seed: int,
    size: int,
    background: tuple[Path, ...],
    cracked: float,
) -> None:
    """Render cracks and look-alikes with exact masks, centre lines and widths.

    \b
    Try: crackscan-train render --preview sheet.jpg --background DATA/negative
         crackscan-train render --out rendered --count 500 --seed 1000000
    """
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import track

    from crackscan.core.picture_writing import write_picture
    from crackscan.core.rendering.photographed_walls import read_backgrounds
    from crackscan.train.render.folder import write_sample
    from crackscan.train.render.preview import contact_sheet
    from crackscan.train.render.sample import RenderConfig, Sample, render_sample

    if preview is None and out is None:
        raise click.UsageError("say where to: --preview SHEET.jpg, --out FOLDER, or both")
    if out is not None and out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: choose a new folder")
    walls = read_backgrounds(background)
    config = replace(RenderConfig(), crack_share=cracked)
    shown: list[Sample] = []
    seeds = range(seed, seed + count)
    for number in track(seeds, "Rendering", console=Console(stderr=True), transient=True):
        sample = render_sample(number, size, walls, config)
        if preview is not None:
            shown.append(sample)
        if out is not None:
            write_sample(out, number, sample)
    if preview is not None:
        write_picture(preview, contact_sheet(shown, min(PREVIEW_COLUMNS, count)))
        click.echo(f"{preview}: {count} pictures, seeds {seed} to {seed + count - 1}")
    if out is not None:
        click.echo(f"{out}: {count} pictures with masks, seeds {seed} to {seed + count - 1}")

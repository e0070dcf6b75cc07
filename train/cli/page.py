"""`crackscan-train page`: the figures and pictures of a model's page."""

from pathlib import Path

import click


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Where the page's parts go."
)
@click.option(
    "--split",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Split of metu/.  [default: made again, as for training]",
)
@click.option(
    "--private",
    type=click.Path(path_type=Path),
    help="Also a sheet of DeepCrack's photographs, which may not be published, into this folder.",
)
@click.option(
    "--renderings", type=click.IntRange(16), default=400, show_default=True, help="How many."
)
def page(
    model: Path,
    data: Path,
    out: Path,
    split: Path | None,
    private: Path | None,
    renderings: int,
) -> None:
    """Judge MODEL on all sets of DATA and make its page's table, diagrams and contact sheet.

    MODEL is a .tflite, a .keras, a run folder or the name of a shipped model; DATA is as for
    `model`. The sheet shows what is found, what is missed and what is taken for a crack, of
    pictures that may be published.

    Try: crackscan-train page crack-s DATA --out models --private sheets
    """
    from crackscan.core.tensorflow_import import import_tensorflow

    import_tensorflow()
    import os

    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.data.field_annotations import read_annotations
    from crackscan.train.evaluate.evaluation import find_model
    from crackscan.train.evaluate.model_page.page import make_page

    with progress_bars() as report:
        made = make_page(
            find_model(model),
            data,
            out,
            split,
            private,
            read_annotations(),
            renderings,
            len(os.sched_getaffinity(0)),
            f"crackscan-train page {model.name} DATA --out FOLDER",
            report,
        )
    for file in made:
        click.echo(file)

"""`crackscan export`: a survey as a table or a map layer, or as training data."""

from pathlib import Path

import click

FORMATS = ("csv", "geojson", "gpkg")


@click.command()
@click.argument("survey", type=click.Path(path_type=Path))
@click.option("--format", "kind", type=click.Choice(FORMATS), help="What is written.")
@click.option("--out", type=click.Path(path_type=Path), help="The file to write.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@click.option(
    "--training",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write reviewed findings as patches for crackscan-train fit instead.",
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the scanned photographs, if it is not where it was (with --training).",
)
def export(
    survey: Path,
    kind: str | None,
    out: Path | None,
    overwrite: bool,
    training: Path | None,
    pictures: Path | None,
) -> None:
    """Write the findings of SURVEY, a survey's folder, to a file.

    \b
    csv      a table, one line a finding
    geojson  findings and tracks for a web map (RFC 7946)
    gpkg     GeoPackage for a GIS: layers findings and track, table notes

    A finding's place is where the camera was. Times are UTC; time_from says which clock told them.

    With --training, accepted findings become patches in FOLDER/positive, rejected ones in
    FOLDER/negative; several surveys may share a folder.
    """
    if training is not None:
        if kind is not None or out is not None or overwrite:
            raise click.UsageError("--training stands alone, without --format, --out, --overwrite")
        _export_training(survey, training, pictures)
        return
    if kind is None or out is None:
        raise click.UsageError("give --format and --out, or --training")
    from crackscan.edge.survey import SurveyReader
    from crackscan.edge.survey.export import export as write

    with SurveyReader(survey) as opened:
        count = write(opened, kind, out, overwrite)
    click.echo(f"{out}: {count} finding{'s' * (count != 1)}")


def _export_training(survey: Path, folder: Path, pictures: Path | None) -> None:
    from crackscan.edge.reporting.survey_pictures import find_source_folder
    from crackscan.edge.survey import SurveyReader
    from crackscan.edge.web.review.training import export_training

    with SurveyReader(survey) as opened:
        done = export_training(opened, folder, pictures or find_source_folder(opened))
    click.echo(f"{folder}: {done.positive} positive and {done.negative} negative patches")
    if done.without_picture:
        click.echo(f"{done.without_picture} without a full-size picture: left out", err=True)
    if done.crowded:
        click.echo(f"{done.crowded} rejected beside what may be a crack: left out", err=True)
    click.echo(f"Train with: crackscan-train fit {folder} --out RUN")

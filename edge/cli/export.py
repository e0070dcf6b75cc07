"""`crackscan export`: a survey as a table or a map layer, or as training patches."""

from pathlib import Path

import click

FORMATS = ("csv", "geojson", "gpkg")


@click.command()
@click.argument("survey", type=click.Path(path_type=Path))
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Format of the file.")
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
    help="Folder of the scanned photographs, if it has moved (with --training).",
)
def export(
    survey: Path,
    kind: str | None,
    out: Path | None,
    overwrite: bool,
    training: Path | None,
    pictures: Path | None,
) -> None:
    """Write the findings of SURVEY, the folder of a survey, to a file.

    \b
    csv      a table with one line per finding
    geojson  findings and tracks for a web map (RFC 7946)
    gpkg     GeoPackage for a GIS: layers findings and track, table notes

    The position of a finding is that of the camera. Times are UTC; the column time_from names the
    clock that they come from.

    With --training, accepted findings become patches in FOLDER/positive and rejected ones in
    FOLDER/negative. Several surveys may share a folder.
    """
    if training is not None:
        if kind is not None or out is not None or overwrite:
            raise click.UsageError(
                "--training cannot be combined with --format, --out or --overwrite"
            )
        _export_patches(survey, training, pictures)
        return
    if kind is None or out is None:
        raise click.UsageError("give --format and --out, or --training")
    from crackscan.edge.survey import SurveyReader
    from crackscan.edge.survey.export import export_findings

    with SurveyReader(survey) as opened:
        count = export_findings(opened, kind, out, overwrite)
    click.echo(f"{out}: {count} finding{'s' * (count != 1)}")


def _export_patches(survey: Path, folder: Path, pictures: Path | None) -> None:
    from crackscan.edge.reporting.survey_pictures import find_source_folder
    from crackscan.edge.reporting.training_patches import export_patches
    from crackscan.edge.survey import SurveyReader

    with SurveyReader(survey) as opened:
        exported = export_patches(opened, folder, pictures or find_source_folder(opened))
    click.echo(f"{folder}: {exported.positive} positive and {exported.negative} negative patches")
    for count, reason in (
        (exported.without_picture, "without a picture in full size"),
        (exported.ambiguous, "rejected, but near a possible crack"),
    ):
        if count:
            click.echo(f"{count} finding{'s' * (count != 1)} left out: {reason}", err=True)
    click.echo(f"Train with: crackscan-train fit {folder} --out RUN")

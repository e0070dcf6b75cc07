"""`crackscan export`: a survey as a table or a map layer."""

from pathlib import Path

import click

FORMATS = ("csv", "geojson", "gpkg")


@click.command()
@click.argument("survey", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", required=True, type=click.Choice(FORMATS), help="What is written."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
def export(survey: Path, kind: str, out: Path, overwrite: bool) -> None:
    """Write the findings of SURVEY, a survey's folder, to a file.

    \b
    csv      a table, one line a finding
    geojson  findings and tracks for a web map (RFC 7946)
    gpkg     GeoPackage for a GIS: layers findings and track, table notes

    A finding's place is where the camera was. Times are UTC; time_from says which clock told them.
    """
    from crackscan.edge.survey import SurveyReader
    from crackscan.edge.survey.export import export as write

    with SurveyReader(survey) as opened:
        count = write(opened, kind, out, overwrite)
    click.echo(f"{out}: {count} finding{'s' * (count != 1)}")

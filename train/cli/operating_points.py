"""`crackscan-train operating-points`: thresholds of a model from whole pictures."""

from pathlib import Path

import click


@click.command("operating-points")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
def operating_points(model: Path, data: Path) -> None:
    """Fit how MODEL's cells become findings, and write it into the card of the .tflite.

    DATA is the data folder whose fixed development set is judged: `default` lets 0.05 false
    findings a picture pass, `high-recall` 0.3, `precise` 0.01.
    """
    from crackscan.train.cli.progress import progress_bars
    from crackscan.train.evaluate.development_set import development_sets
    from crackscan.train.fitting.operating_points import set_operating_points

    with progress_bars() as report:
        card, tried = set_operating_points(model, development_sets(data), report)
    for one in tried[:5]:
        rule = one.rule
        click.echo(
            f"joined {rule.cell:g}, gap {rule.gap_cells}, {rule.strongest_cells} cells:"
            f" {one.found:.4f} of the length found, mean of the three points"
        )
    for name, point in card.operating_points.items():
        told = card.figures["whole pictures"][name]
        shares = ", ".join(f"{share:.3f} of {one}" for one, share in told["found"].items())
        click.echo(
            f"{name}: finding from {point.finding:g}, {told['false_a_picture']:.3f} false findings"
            f" a picture; found {shares}"
        )

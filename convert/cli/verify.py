"""`crackscan-convert verify`: proof that the int8 file agrees with the float network."""

import json
from dataclasses import asdict
from pathlib import Path

import click

FAILED = 1


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--data", type=click.Path(path_type=Path), help="Data to compare on.  [default: the run's]"
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_context
def verify(ctx: click.Context, model: Path, run: Path, data: Path | None, as_json: bool) -> None:
    """Compare MODEL, an int8 .tflite, with the float network of RUN, patch by patch.

    No float operator may be left, the runtime must delegate the whole graph, weights must be
    per channel, the AUROC may drop by at most 0.002, and 99.5 % of the verdicts must be equal.
    Exits with 1 where one of these does not hold. Compares on the validation side of the run's
    split, or on all of --data where that is other data (masks: squares of 128 px).
    """
    from crackscan.core.tensorflow_import import import_tensorflow

    import_tensorflow()
    from crackscan.convert.agreement import LIMITS, compare_models
    from crackscan.convert.audit import audit_model
    from crackscan.convert.run_folder import data_of, read_labelled, read_run
    from crackscan.edge.inference.model import Model

    int8 = Model.load(model)
    inside = audit_model(int8.path)
    source = read_run(run)
    judged, patches = read_labelled(run, data_of(run, data), "validation")
    found = compare_models(source.network, int8, patches)
    checks = {
        "no float operator": not inside.float_operators,
        "whole graph delegated": not inside.not_delegated,
        "weights per channel": inside.per_channel,
        f"AUROC drop {found.auroc_drop:.4f} <= {LIMITS.max_auroc_drop}": found.auroc_holds,
        f"equal verdicts {found.equal_verdicts:.2%} >= {LIMITS.min_equal_verdicts:.1%}": (
            found.verdicts_hold
        ),
    }
    if as_json:
        figures = {
            "model": str(int8.path),
            "data": judged.name,
            "side": judged.side,
            "agreement": found.figures(),
            "audit": {**asdict(inside), "operators": dict(inside.operators)},
            "checks": checks,
        }
        click.echo(json.dumps(figures, indent=2))
    else:
        click.echo(
            f"{int8.path} on {found.patches} patches of {judged.name} ({judged.side}),"
            f" {inside.runtime}"
        )
        click.echo(f"  AUROC {found.float_auroc:.4f} float, {found.int8_auroc:.4f} int8")
        click.echo(f"  F1    {found.float_f1:.4f} float, {found.int8_f1:.4f} int8")
        click.echo(f"  largest difference of a probability: {found.largest_difference:.3f}")
        for check, holds in checks.items():
            click.echo(f"  {'ok    ' if holds else 'FAILED'} {check}")
    if not all(checks.values()):
        ctx.exit(FAILED)

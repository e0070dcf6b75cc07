"""`crackscan-convert golden`: whether this machine's runtime says what another one said."""

import json
from dataclasses import asdict
from pathlib import Path

import click

FAILED = 1


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("pictures", type=click.Path(path_type=Path))
@click.option("--keep", type=click.Path(path_type=Path), help="Write the maps to this .npz.")
@click.option("--check", type=click.Path(path_type=Path), help="Compare with this .npz.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.pass_context
def golden(
    ctx: click.Context,
    model: Path,
    pictures: Path,
    keep: Path | None,
    check: Path | None,
    as_json: bool,
) -> None:
    """Keep MODEL's crack maps of the folder PICTURES, or compare them with kept ones.

    Runtimes round differently inside (XNNPACK and the built-in kernels; x86-64 and ARM), so cells
    may be some quantization steps apart; the findings, cell by cell, should be the same.
    Exits with 1 where a finding differs.
    """
    from crackscan.convert.golden import differences
    from crackscan.convert.golden import keep as keep_maps
    from crackscan.edge.model import Model

    if (keep is None) == (check is None):
        raise click.UsageError("give one of --keep and --check")
    loaded = Model.load(model, 1)
    if keep is not None:
        keep.parent.mkdir(parents=True, exist_ok=True)
        found = sorted(pictures.glob("*.jpg"))
        keep_maps(loaded, found, keep)
        click.echo(f"{keep}: {len(found)} maps of {loaded.card.name}, {loaded.runtime}")
        return
    assert check is not None
    compared = differences(loaded, check, pictures)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in compared], indent=2))
    else:
        click.echo(f"{loaded.card.name}, {loaded.runtime}, against {check}")
        for one in compared:
            same = "equal" if one.findings_equal else f"{one.findings_kept} -> {one.findings}"
            pixels = "" if one.same_pixels else ", decoded to other pixels"
            click.echo(
                f"  {one.picture:36} worst {one.largest:3} steps, mean {one.mean:5.2f},"
                f" within 2: {one.within_2:6.1%}, findings {same}{pixels}"
            )
    if not all(one.findings_equal for one in compared):
        ctx.exit(FAILED)

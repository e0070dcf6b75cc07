"""`crackscan-convert golden`: whether this machine's runtime gives the maps of another one."""

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
@click.option("--built-in", is_flag=True, help="With the runtime's own kernels, not XNNPACK's.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.pass_context
def golden(
    ctx: click.Context,
    model: Path,
    pictures: Path,
    keep: Path | None,
    check: Path | None,
    built_in: bool,
    as_json: bool,
) -> None:
    """Keep MODEL's crack maps of the folder PICTURES, or compare them with kept ones.

    XNNPACK rounds once where the built-in kernels, the only ones on 32-bit ARM, round twice, so
    that the maps of the one are some quantization steps from those of the other. Compare like with
    like: with the same kernels the findings, cell by cell, should be the same everywhere.
    Exits with 1 where a finding differs.
    """
    from crackscan.convert.golden import compare_with_kept
    from crackscan.convert.golden import keep_maps as keep_maps
    from crackscan.edge.inference.model import Model, find_model

    if (keep is None) == (check is None):
        raise click.UsageError("give one of --keep and --check")
    loaded = Model(find_model(model), 1, built_in)
    if keep is not None:
        keep.parent.mkdir(parents=True, exist_ok=True)
        found = sorted(pictures.glob("*.jpg"))
        keep_maps(loaded, found, keep)
        click.echo(f"{keep}: {len(found)} maps of {loaded.card.name}, {loaded.runtime}")
        return
    assert check is not None
    compared = compare_with_kept(loaded, check, pictures)
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

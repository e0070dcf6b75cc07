"""`crackscan model`: which model scans, and installing another one."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crackscan.edge.inference.model_install import Installed


@click.group()
def model() -> None:
    """Install a model, list them, choose one, or go back.

    Installed models are kept in ~/.local/share/crackscan/models; root's, for all users and the
    service, in /var/lib/crackscan/models. A running scan or service goes on with the model it has:
    start it again.
    """


@model.command()
@click.argument("file", type=click.Path(path_type=Path))
def install(file: Path) -> None:
    """Verify FILE, a .tflite made by crackscan-convert, and make it the default.

    It must match FILE.sha256 if that is in the same folder, carry a card, and pass the self-test on
    two pictures. The previous model is kept: crackscan model rollback.
    """
    from crackscan.edge.inference.model_install import install_model

    name, result = install_model(file)
    click.echo(f"{name} is the default now (self-test: {result})")


@model.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def list_(as_json: bool) -> None:
    """List the models here; * marks what is used if none is named."""
    from crackscan.edge.inference.model_install import all_models

    found = all_models()
    if as_json:
        click.echo(json.dumps([_described(one) for one in found], indent=2))
        return
    width = max(len(one.id) for one in found)
    for one in found:
        mark = "*" if one.default_for else " "
        card = f"{one.card.name} {one.card.version}" if one.card else "damaged"
        where = "shipped" if one.shipped else str(one.path.parent)
        use = f"  for {', '.join(one.default_for)}" if len(one.default_for) == 1 else ""
        click.echo(f"{mark} {one.id:<{width}}  {card}  {where}{use}")


@model.command()
@click.argument("name")
def use(name: str) -> None:
    """Make NAME, shipped or installed, the default; a beginning of it suffices."""
    from crackscan.edge.inference.model_install import use_model

    click.echo(f"{use_model(name)} is the default now")


@model.command()
def rollback() -> None:
    """Make the model that was the default before it again."""
    from crackscan.edge.inference.model_install import roll_back

    click.echo(f"default now: {roll_back()}")


def _described(one: "Installed") -> dict[str, Any]:
    return {
        "id": one.id,
        "path": str(one.path),
        "name": one.card.name if one.card else None,
        "version": one.card.version if one.card else None,
        "shipped": one.shipped,
        "default": bool(one.default_for),
        "default_for": list(one.default_for),
    }

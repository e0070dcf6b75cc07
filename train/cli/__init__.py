"""The `crackscan-train` command."""

import click

from crackscan.core.command_line import LazyGroup, run_command, version_option

COMMANDS = {
    "split": ("crackscan.train.cli.split:split", "Find copies and split a data folder."),
    "fit": ("crackscan.train.cli.fit:fit", "Train a crack-map network on a data folder."),
    "evaluate": (
        "crackscan.train.cli.evaluate:evaluate",
        "Report how good a model is on a data folder.",
    ),
    "model": ("crackscan.train.cli.model:model", "Make a shipped model from its data."),
    "operating-points": (
        "crackscan.train.cli.operating_points:operating_points",
        "Choose a model's thresholds on whole pictures.",
    ),
    "frontier": (
        "crackscan.train.cli.frontier:frontier",
        "Set networks against what they cost.",
    ),
    "ablation": (
        "crackscan.train.cli.ablation:ablation",
        "Set kinds of training data against what they bring.",
    ),
    "negatives": (
        "crackscan.train.cli.negatives:negatives",
        "Collect pictures without a crack, to train on.",
    ),
    "page": ("crackscan.train.cli.page:page", "Make the figures and pictures of a model's page."),
    "render": (
        "crackscan.train.cli.render:render",
        "Render cracks and look-alikes with exact masks.",
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@version_option
def crackscan_train() -> None:
    """Train and judge crack models on your own pictures (desktop; needs the `train` extra).

    Try: crackscan-train fit DATA --out runs/first
    """


def main() -> None:
    run_command(crackscan_train)

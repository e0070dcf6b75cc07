"""The `crackscan` command."""

import click

from crackscan.core.command_line import LazyGroup, run_command, version_option

COMMANDS = {
    "bench": ("crackscan.edge.cli.bench:bench", "Time each stage of a scan on this machine."),
    "calibrate": (
        "crackscan.edge.cli.calibrate:calibrate",
        "Print the target; learn a camera from pictures of it.",
    ),
    "classify": ("crackscan.edge.cli.classify:classify", "Say of each picture: crack or no crack."),
    "doctor": ("crackscan.edge.cli.doctor:doctor", "Look whether all that a scan needs is here."),
    "compare": ("crackscan.edge.cli.compare:compare", "Compare two surveys of one structure."),
    "export": ("crackscan.edge.cli.export:export", "Write a survey as CSV, GeoJSON or GeoPackage."),
    "link": ("crackscan.edge.cli.link:link", "Show the link of the live view."),
    "model": ("crackscan.edge.cli.model:model", "Install a model, choose one, or go back."),
    "measure": (
        "crackscan.edge.cli.measure:measure",
        "Measure the cracks in pictures: length and width, in mm where the scale is known.",
    ),
    "report": ("crackscan.edge.cli.report:report", "Write the inspection report of a survey."),
    "review": ("crackscan.edge.cli.review:review", "Accept or reject findings in a browser."),
    "scan": ("crackscan.edge.cli.scan:scan", "Scan a camera, a video, a folder or a picture."),
    "service": ("crackscan.edge.cli.service:service", "Let a scan start with the machine."),
    "settings": ("crackscan.edge.cli.settings:settings", "Print the settings, or an example file."),
    "sources": ("crackscan.edge.cli.sources:sources", "List what can be scanned, and cameras."),
    "surveys": ("crackscan.edge.cli.surveys:surveys", "List the surveys in a folder."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@version_option
def crackscan() -> None:
    """Find cracks in concrete, offline, on this machine.

    Try: crackscan scan photos/ --out results/
    """


def main() -> None:
    run_command(crackscan)

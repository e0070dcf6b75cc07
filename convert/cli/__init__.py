"""The `crackscan-convert` command."""

import click

from crackscan.command import Lazy, run, version

COMMANDS = {
    "quantize": (
        "crackscan.convert.cli.quantize:quantize",
        "Turn a training run into an int8 .tflite.",
    ),
    "verify": ("crackscan.convert.cli.verify:verify", "Prove that int8 says what float said."),
    "width": ("crackscan.convert.cli.width:width", "Prove how well crack widths are measured."),
}


@click.group(cls=Lazy, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@version
def crackscan_convert() -> None:
    """Turn a trained crack model into the int8 file that the Raspberry Pi runs.

    Try: crackscan-convert quantize runs/first --out models/first.tflite
    """


def main() -> None:
    run(crackscan_convert)

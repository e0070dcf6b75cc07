"""The `crackscan-convert` command."""

import click

from crackscan.core.command_line import LazyGroup, run_command, version_option

COMMANDS = {
    "bundle": (
        "crackscan.convert.cli.bundle:bundle",
        "Pack all that a Pi without a network needs into one file.",
    ),
    "cost": (
        "crackscan.convert.cli.cost:cost",
        "Time a whole frame against one patch of MobileNetV2.",
    ),
    "golden": (
        "crackscan.convert.cli.golden:golden",
        "Hold this machine to the maps that another one made.",
    ),
    "optimize": (
        "crackscan.convert.cli.optimize:optimize",
        "Rewrite an int8 .tflite so that it takes pixels directly.",
    ),
    "quantize": (
        "crackscan.convert.cli.quantize:quantize",
        "Turn a training run into an int8 .tflite.",
    ),
    "scale": ("crackscan.convert.cli.scale:scale", "Prove how well the mm of a pixel are known."),
    "target": (
        "crackscan.convert.cli.target:target",
        "Generate the printable calibration target.",
    ),
    "verify": (
        "crackscan.convert.cli.verify:verify",
        "Prove that int8 agrees with the float network.",
    ),
    "width": ("crackscan.convert.cli.width:width", "Prove how well crack widths are measured."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@version_option
def crackscan_convert() -> None:
    """Turn a trained crack model into the int8 file that the Raspberry Pi runs.

    Try: crackscan-convert quantize runs/first --out models/first.tflite
    """


def main() -> None:
    run_command(crackscan_convert)

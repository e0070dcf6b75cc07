"""What the three commands share: subcommands imported on use, and errors in one line."""

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from crackscan import __version__
from crackscan.core.errors import CrackscanError
from crackscan.core.logging_setup import log_to_terminal, start_logging

FAILED, INTERRUPTED = 1, 130
_INSTALL_ADVICE = {
    "cv2": "install it with: apt install python3-opencv, or pip install opencv-python-headless",
    "PIL": "install it with: apt install python3-pil, or pip install pillow",
}
_TRAINING_ADVICE = "training and converting need more packages: pip install 'crackscan[train]'"

version_option = click.version_option(__version__, message="%(prog)s %(version)s")

log = logging.getLogger(__name__)


class LazyGroup(click.Group):
    """A click group that imports a subcommand only when it is run.

    `lazy` maps a command's name to ("package.module:attribute", "one-line help"), so that `--help`
    imports nothing large.
    """

    def __init__(self, *args: Any, lazy: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.lazy:
            return None
        module, attribute = self.lazy[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        _offer_verbose(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.lazy.items()])


def _start_log(_ctx: click.Context, _one: click.Parameter, wanted: bool) -> None:
    if wanted:
        log_to_terminal()


_VERBOSE = click.Option(
    ["--verbose"],
    is_flag=True,
    expose_value=False,
    callback=_start_log,
    help="Write the log to the terminal, with a traceback if the command fails.",
)


def _offer_verbose(command: click.Command) -> None:
    """Let a command and its subcommands take --verbose."""
    if _VERBOSE not in command.params:
        command.params.append(_VERBOSE)
    for one in command.commands.values() if isinstance(command, click.Group) else ():
        _offer_verbose(one)


def run_command(group: click.Group, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command as a program and exit: 0 done, 1 failed, 2 bad usage, 130 interrupted."""
    _offer_verbose(group)
    start_logging()
    try:
        code = group.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CrackscanError as error:
        log.debug("failed", exc_info=True)
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        _report_missing_package(error)
        sys.exit(FAILED)
    except BrokenPipeError:  # the reader, for example `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except OSError as error:
        log.debug("failed", exc_info=True)
        name = f" {error.filename}" if error.filename else ""
        click.echo(f"Error:{name}: {error.strerror or error}", err=True)
        sys.exit(FAILED)
    sys.exit(code if isinstance(code, int) else 0)


def _report_missing_package(error: ModuleNotFoundError) -> None:
    """Print how to install a package; a module of our own that is missing is raised again."""
    package = (error.name or "").partition(".")[0]
    if package in ("", "crackscan"):
        raise error
    advice = _INSTALL_ADVICE.get(package, _TRAINING_ADVICE)
    click.echo(f"Error: the Python package {package} is missing; {advice}", err=True)

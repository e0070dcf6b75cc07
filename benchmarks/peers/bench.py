"""Who takes part in the comparison: their environments, model files and processes."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from rich.console import Console

from crackscan.benchmarks.contenders.worker import Contender
from crackscan.benchmarks.peers import networks
from crackscan.benchmarks.peers.child import Child, GoneError
from crackscan.benchmarks.peers.environments import InstallError, make_environment, module_path

console = Console(stderr=True)


@dataclass
class Bench:
    """Where everything lies, and who takes part."""

    work: Path
    names: list[str]
    left_out: dict[str, str] = field(default_factory=dict)
    pythons: dict[str, Path] = field(default_factory=dict)

    @property
    def files(self) -> Path:
        return self.work / "models"

    def taking_part(self) -> list[str]:
        return [name for name in self.names if name not in self.left_out]

    def leave_out(self, name: str, reason: str) -> None:
        self.left_out.setdefault(name, reason)
        console.print(f"without {name}: {reason}", highlight=False)

    @contextmanager
    def children(self, threads: int) -> Iterator[list[Child]]:
        """Every contender that opens, as running processes."""
        with ExitStack() as stack:
            opened = []
            for name in self.taking_part():
                variables = module_path(self.work / "path")
                try:
                    child = Child(self.pythons[name], name, self.files, threads, variables)
                except GoneError as gone:
                    self.leave_out(name, f"does not run: {gone}")
                    continue
                opened.append(stack.enter_context(child))
            yield opened


def describe_contender(name: str) -> Contender:
    """The description that a contender's module has."""
    found = import_module(f"crackscan.benchmarks.contenders.{name}").CONTENDER
    assert isinstance(found, Contender)
    return found


def prepare_bench(bench: Bench, model: Path, lessons: networks.Lessons) -> None:
    """Make the environments and the model files that the contenders need."""
    made: dict[tuple[tuple[str, ...], ...], Path] = {(): Path(sys.executable)}
    for name in bench.names:
        installs = describe_contender(name).installs
        if installs not in made:
            console.print(f"environment of {name}", highlight=False)
            try:
                made[installs] = make_environment(bench.work / name, installs)
            except InstallError as error:
                bench.leave_out(name, f"cannot be installed: {error}")
                continue
        bench.pythons[name] = made[installs]
    needed = {file for name in bench.taking_part() for file in describe_contender(name).files}
    networks.copy_model(bench.files, model)
    for group, make in networks.list_makers(bench.files, bench.work, lessons).items():
        missing = [file for file in group if file in needed and not (bench.files / file).is_file()]
        if not missing:
            continue
        console.print(f"making {', '.join(missing)}", highlight=False)
        try:
            make()
        except (InstallError, networks.ConversionError) as error:
            for name in bench.taking_part():
                if set(describe_contender(name).files) & set(missing):
                    bench.leave_out(name, f"cannot be converted: {error}")

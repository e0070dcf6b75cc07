"""What ran inside a chroot, what it printed, and what of it was wrong."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chroot import Chroot, Done

MOST_LINES = 24


@dataclass(frozen=True)
class Step:
    """One command, as a reader would type it."""

    command: str
    printed: str
    seconds: float
    network: bool


@dataclass
class Transcript:
    """Runs the commands of one part in a chroot, and keeps what they printed."""

    chroot: Chroot
    part: str
    steps: list[Step] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def run(
        self,
        command: str,
        *,
        folder: str = "/root/crackscan",
        network: bool = True,
        code: int = 0,
        keep: Callable[[Done], str] = lambda done: done.out + done.err,
        variables: Mapping[str, str] | None = None,
        limit_s: float = 1800,
    ) -> Done:
        """Run and keep; `code` is the exit status that is right, `keep` picks what is shown."""
        print(f"{self.chroot.name}$ {command}", flush=True)
        done = self.chroot.run(
            command, folder=folder, network=network, variables=variables, limit_s=limit_s
        )
        printed = _short(keep(done) if done.code == code else done.out + done.err)
        print(f"{printed}\n({done.seconds:.0f} s, exit {done.code})", flush=True)
        shown = " ".join([*(f"{k}={v}" for k, v in (variables or {}).items()), command])
        self.steps.append(Step(shown, printed, round(done.seconds, 1), network))
        self.demand(done.code == code, f"`{command}` ended with {done.code}, not {code}")
        self.save()
        return done

    def demand(self, holds: bool, otherwise: str) -> bool:
        """Note what does not hold, and go on."""
        if not holds:
            print(f"WRONG: {otherwise}", flush=True)
            self.wrong.append(otherwise)
        return holds

    def save(self) -> None:
        """For the page; after each step, for a run may be ended by hand."""
        told = {
            "facts": self.facts,
            "wrong": self.wrong,
            "steps": [asdict(one) for one in self.steps],
        }
        (self.chroot.folder / f"{self.part}.json").write_text(json.dumps(told, indent=1))


def read(folder: Path, parts: Sequence[str]) -> dict[str, Any]:
    """What each part kept when it ran last, joined; its facts are empty where none has run."""
    joined: dict[str, Any] = {"facts": {}, "wrong": [], "steps": []}
    for path in (folder / f"{part}.json" for part in parts):
        if path.is_file():
            told = json.loads(path.read_text())
            joined["facts"] |= told["facts"]
            joined["wrong"] += told["wrong"]
            joined["steps"] += told["steps"]
    return joined


def _short(text: str) -> str:
    lines = [line.rstrip() for line in text.strip().splitlines()]
    if len(lines) > MOST_LINES:
        half = MOST_LINES // 2
        lines = [*lines[:half], f"… {len(lines) - MOST_LINES} lines …", *lines[-half:]]
    return "\n".join(lines)

"""The page that shows what ran on the ARM systems: docs/arm64.md."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chroot import BUILD, SYSTEMS, System
from same_answer import section
from transcript import read

HEAD = """# What ran on ARM

Written by `sudo make test-arm64`: it builds the systems below with mmdebstrap, enters them through
QEMU's user emulation on a desktop, installs as the [README](../README.md#on-the-raspberry-pi) and
[the Pi's page](raspberry-pi.md) say, the checkout's files copied in for `git clone`, and runs what
follows. **No board was used: all seconds are seconds under emulation**, many times those of a Pi,
and say nothing of its speed. Where a line names a Raspberry Pi, it read so in the /proc/cpuinfo
that the emulation shows. *No network* is an empty network namespace, and systemd is installed but
does not run; the desktop's name is written as `desktop`. On the stick lie, beside the bundle,
`ill`, the same with models cut short, and `newer`, the same under another version.
"""
TIMES = ("readme", "golden", "tests", "bundle")


def write_page(out: Path, parts: Sequence[str]) -> None:
    """Of every system that has run, what each part told last."""
    told = [(name, read(BUILD / name, parts)) for name in SYSTEMS]
    systems = [_system(SYSTEMS[name], one) for name, one in told if one["steps"]]
    out.write_text("".join([HEAD, section(), *systems]), encoding="utf-8")


def _system(system: System, told: dict[str, Any]) -> str:
    facts = told["facts"]
    parts = [f"\n## Debian {system.debian.capitalize()}, {system.architecture}\n"]
    parts.append(f"\n{facts['versions']}\n")
    if "installed" in facts:
        parts.append(f"\nBeyond them in the environment: {', '.join(facts['installed'])}.\n")
    sizes = [
        f"{what} {facts[key]} MB"
        for key, what in (("bundle_mb", "the bundle"), ("installed_mb", "installed from it"))
        if key in facts
    ]
    if sizes:
        parts.append(f"\nSizes: {', '.join(sizes)}, beyond apt's numpy and OpenCV.\n")
    took = [
        f"{one} {facts[f'{one}_s']} ({facts[f'{one}_cpu_s']})"
        for one in TIMES
        if f"{one}_cpu_s" in facts
    ]
    parts.append(f"\nSeconds that the parts took (of a processor): {', '.join(took)}.\n")
    if told["wrong"]:
        parts.append("\n**Not as it should be:**\n\n")
        parts += [f"- {one}\n" for one in told["wrong"]]
    if facts.get("left_out"):
        parts.append("\nTests left out here, which all run on x86-64: ")
        parts.append("; ".join(f"`{name}` ({why})" for name, why in facts["left_out"].items()))
        parts.append(".\n")
    parts.append("\n```console\n")
    for step in told["steps"]:
        cut = "" if step["network"] else " (no network)"
        printed = step["printed"].replace(f"//{platform.node()}.local:", "//desktop.local:")
        parts.append(f"# {step['command']}\n{printed}\n".replace("\n\n", "\n"))
        parts.append(f"  ↳ {step['seconds']:.0f} s{cut}\n")
    return "".join([*parts, "```\n"])

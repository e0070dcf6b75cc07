"""The page that shows what ran on the ARM systems: docs/arm64.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chroot import BUILD, SYSTEMS, System
from transcript import read

HEAD = """# What ran on ARM

Written by `sudo make test-arm64`: it builds the systems below with mmdebstrap, enters them through
QEMU's user emulation on a desktop, installs as the [README](../README.md#on-the-raspberry-pi) and
[the Pi's page](raspberry-pi.md) say, and runs what follows. **No board was used: all seconds are
seconds under emulation**, many times those of a Pi, and say nothing of its speed. Where a line
names a Raspberry Pi, it read so in the /proc/cpuinfo that the emulation shows.
"""
GOLDEN = """
Crack maps of the shipped samples against those of LiteRT on x86-64, kept in `tests/data/golden`, in
quantization steps. QEMU plays the processor of each board, and /proc/cpuinfo tells of it, so that
the runtime takes the kernels that it takes there: XNNPACK's on arm64, its own on armhf.

| model | as on a | worst cell | mean | cells within 2 steps | samples with the very same findings |
|---|---|---|---|---|---|
"""


def write_page(out: Path, parts: Sequence[str]) -> None:
    """Of every system that has run, what each part told last."""
    told = [(name, read(BUILD / name, parts)) for name in SYSTEMS]
    systems = [_system(SYSTEMS[name], one) for name, one in told if one["steps"]]
    out.write_text(HEAD + "".join(systems), encoding="utf-8")


def _system(system: System, told: dict[str, Any]) -> str:
    facts = told["facts"]
    parts = [f"\n## Debian {system.debian.capitalize()}, {system.architecture}\n"]
    parts.append(f"\n{facts.get('versions', '')}\n")
    if "installed" in facts:
        parts.append(f"\nBeyond them in the environment: {', '.join(facts['installed'])}.\n")
    sizes = [
        f"{facts[key]} MB {what}"
        for key, what in (("bundle_mb", "the bundle"), ("installed_mb", "installed from it"))
        if key in facts
    ]
    if sizes:
        parts.append(f"\nSizes: {', '.join(sizes)}, beyond apt's numpy and OpenCV.\n")
    if told["wrong"]:
        parts.append("\n**Not as it should be:**\n\n")
        parts += [f"- {one}\n" for one in told["wrong"]]
    if facts.get("golden"):
        parts.append(GOLDEN + "".join(map(_golden, facts["golden"])))
    if facts.get("left_out"):
        parts.append("\nTests left out here, which all run on x86-64: ")
        parts.append("; ".join(f"`{name}` ({why})" for name, why in facts["left_out"].items()))
        parts.append(".\n")
    parts.append("\n```console\n")
    for step in told["steps"]:
        cut = "" if step["network"] else " (no network)"
        parts.append(f"# {step['command']}\n{step['printed']}\n".replace("\n\n", "\n"))
        parts.append(f"  ↳ {step['seconds']:.0f} s{cut}\n")
    return "".join([*parts, "```\n"])


def _golden(one: dict[str, Any]) -> str:
    maps = one["maps"]
    cells = sum(each["cells"] for each in maps)
    mean = sum(each["mean"] * each["cells"] for each in maps) / cells
    near = sum(each["within_2"] * each["cells"] for each in maps) / cells
    equal = sum(each["findings_equal"] for each in maps)
    return (
        f"| {one['model']} | {one['board']} ({one['cpu']}) | {max(e['largest'] for e in maps)}"
        f" | {mean:.2f} | {near:.1%} | {equal} of {len(maps)} |\n"
    )

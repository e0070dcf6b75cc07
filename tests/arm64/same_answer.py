"""Whether every runtime says the same of the samples: maps that each kept, compared in pairs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from chroot import BUILD, ROOT, SYSTEMS, Board, FailedError
from transcript import Transcript, read

from crackscan.convert.golden import MapDifference, compare_runtimes
from crackscan.core.model_card import read_card
from crackscan.edge.inference.model_store import sha256_of

MODELS = sorted((ROOT / "models").glob("*.tflite"))
SAMPLES = ROOT / "samples"
WITHIN_STEPS = 2
TFLITE = "tflite-runtime==2.14.0"
"""The last one; it is made for Python 3.11 at the latest."""
PROGRAM = "import sys; from crackscan.convert.cli import main; sys.exit(main())"
"""`crackscan-convert` where a runtime is installed without crackscan."""
NAMED = "/root/named"
TABLE = f"""
| one | other | model | worst cell | cells off by more than {WITHIN_STEPS} | same findings in |
|---|---|---|---|---|---|
"""

HELD = f"""
The same kernels must be within {WITHIN_STEPS} steps and find the same. The XNNPACK in
tflite-runtime is an older one, which must find the same. The built-in kernels round otherwise, and
those of 32-bit ARM otherwise again: they are told only.
"""


@dataclass(frozen=True)
class Kept:
    """The maps of one runtime: a file for each model in a folder."""

    where: str
    kernels: str
    folder: str

    def of(self, model: Path) -> Path:
        return Path(self.folder) / f"{model.stem}.npz"

    def about(self, model: Path) -> dict[str, str]:
        with np.load(self.of(model)) as maps:
            told: dict[str, str] = json.loads(str(maps["about"]))
            return told

    @property
    def runtime(self) -> str:
        return self.about(MODELS[0])["runtime"].partition(",")[0]

    @property
    def older(self) -> bool:
        """Whether its XNNPACK is another one than LiteRT's: held to the findings alone."""
        return self.runtime.startswith("tflite-runtime") and self.kernels == "XNNPACK"

    def __str__(self) -> str:
        return f"{self.where}: {self.runtime}, {self.kernels}"


def keep(told: Transcript) -> None:
    """Let the runtimes of a chroot keep their maps."""
    chroot = told.chroot
    kept = [_keep(told, board) for board in chroot.boards]
    if chroot.system.architecture == "arm64" and chroot.system.python == "3.11":
        venv = "python3 -m venv --system-site-packages .tflite"
        link = f"mkdir -p {NAMED} && ln -sfn /root/crackscan {NAMED}/crackscan"
        wanted = f".tflite/bin/pip install --quiet {TFLITE} click rich"
        done = chroot.run(f"{venv} && {link} && {wanted}", folder="/root/crackscan")
        if told.demand(done.code == 0, f"no tflite-runtime: {done.err[-300:]}"):
            kept.append(_keep(told, chroot.boards[0], tflite=True))
    told.facts["kept"] = [asdict(one) for one in kept if one]
    told.save()


def _keep(told: Transcript, board: Board, tflite: bool = False) -> Kept | None:
    system = told.chroot.system
    where = f"{system.debian.capitalize()} {system.architecture}, as on a {board.name}"
    program = f".tflite/bin/python -c '{PROGRAM}'" if tflite else ".venv/bin/crackscan-convert"
    folder = f"root/golden/{board.qemu}{'-tflite' if tflite else ''}"
    for model in MODELS:
        done = told.chroot.run(
            f"{program} golden models/{model.name} samples --keep /{folder}/{model.stem}.npz",
            folder="/root/crackscan",
            board=board,
            variables={"PYTHONPATH": NAMED} if tflite else {},
        )
        if not told.demand(done.code == 0, f"golden {model.stem}, {where}: {done.err[-300:]}"):
            return None
        print(f"golden, {where}: {done.out.strip()} ({done.seconds:.0f} s)", flush=True)
    kernels = "XNNPACK" if system.architecture == "arm64" else "32-bit built-in kernels"
    return Kept(where, kernels, str(told.chroot.root / folder))


def compare() -> list[str]:
    """Compare all that was kept of the models as they are now, and keep what came out for the page.

    Those of 32-bit ARM count as kernels of their own: crack-m's maps are up to 5 steps from those
    of x86-64's built-in kernels. What `crackscan-convert golden --check` holds them to is crack-s.

    Returns:
        What is wrong: the same kernels, and another answer.

    Raises:
        FailedError: this machine's own runtimes did not run.
    """
    kept = [*_keep_here(), *_kept_in_chroots()]
    wrong, alike = [], _alike(kept)
    for one, other in combinations(kept, 2):
        if one.kernels != other.kernels:
            continue
        held = not (one.older or other.older)
        for model in MODELS:
            for each in _compared(one, other, model):
                far = held and each.largest > WITHIN_STEPS
                if far or not each.findings_equal or not each.same_pixels:
                    wrong.append(f"{each.picture}, {model.stem}: {one} and {other}: {each}")
    told = {
        "runtimes": [str(one) for one in kept],
        "alike": [[str(one) for one in group] for group in alike],
        "rows": [_row(a, b, model) for a, b in combinations(alike, 2) for model in MODELS],
        "pictures": len(list(SAMPLES.glob("*.jpg"))),
        "wrong": wrong,
    }
    (BUILD / "same-answer.json").write_text(json.dumps(told, indent=1))
    return wrong


def section() -> str:
    """What the last comparison told, for the page; nothing where none was made."""
    result = BUILD / "same-answer.json"
    if not result.is_file():
        return ""
    told = json.loads(result.read_text())
    parts = ["\n## Same answer everywhere\n\n"]
    parts.append(
        f"Crack maps of the shipped models on the {told['pictures']} shipped photographs, kept with"
        " `crackscan-convert golden --keep`\nby each runtime and compared cell by cell, in"
        " quantization steps. Runtimes whose maps are equal in every cell stand together:\n\n"
    )
    letters = "ABCDEFGH"
    for letter, group in zip(letters, told["alike"], strict=False):
        parts += [f"- **{letter}**\n", *(f"  - {one}\n" for one in group)]
    parts.append(TABLE)
    pairs = combinations(letters[: len(told["alike"])], 2)
    names = [pair for pair in pairs for _ in MODELS]
    for (one, other), row in zip(names, told["rows"], strict=True):
        parts.append(f"| {one} | {other} | {' | '.join(row)} |\n")
    parts.append(HELD)
    parts += [f"\n**Not as it should be:** {one}\n" for one in told["wrong"]]
    return "".join(parts)


def _row(one: list[Kept], other: list[Kept], model: Path) -> list[str]:
    found = _compared(one[0], other[0], model)
    cells = sum(each.cells for each in found)
    far = 1 - sum(each.within_2 * each.cells for each in found) / cells
    equal = sum(each.findings_equal for each in found)
    worst = max(each.largest for each in found)
    steps = f"{worst} step{'s' * (worst != 1)}"
    return [model.stem, steps, f"{far:.2%} of {cells:,}", f"{equal} of {len(found)} pictures"]


def _compared(one: Kept, other: Kept, model: Path) -> list[MapDifference]:
    return compare_runtimes(one.of(model), other.of(model), read_card(model), SAMPLES)


def _alike(kept: Iterable[Kept]) -> list[list[Kept]]:
    """Those whose maps are equal in every cell, together."""
    groups: list[list[Kept]] = []
    for one in kept:
        for group in groups:
            pairs = (_compared(group[0], one, model) for model in MODELS)
            if all(each.largest == 0 for found in pairs for each in found):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def _kept_in_chroots() -> list[Kept]:
    """Of the models as they are now, by whatever chroot has run."""
    told = [Kept(**one) for name in SYSTEMS for one in _told(name)]
    return [
        one
        for one in told
        if all(
            one.of(model).is_file() and one.about(model)["model_sha256"] == sha256_of(model)
            for model in MODELS
        )
    ]


def _told(name: str) -> list[dict[str, str]]:
    kept: list[dict[str, str]] = read(BUILD / name, ["golden"])["facts"].get("kept", [])
    return kept


def _keep_here() -> list[Kept]:
    """What this machine's runtimes say: LiteRT with both kinds of kernels, and tflite-runtime."""
    convert = [str(Path(sys.executable).with_name("crackscan-convert"))]
    runs = [("litert", "XNNPACK", convert), ("litert-built-in", "built-in kernels", convert)]
    if sys.version_info < (3, 12):
        tflite = [str(_tflite_here()), "-c", PROGRAM]
        runs.append(("tflite-runtime", "XNNPACK", tflite))
        runs.append(("tflite-runtime-built-in", "built-in kernels", tflite))
    kept = []
    for name, kernels, program in runs:
        one = Kept("x86-64", kernels, str(BUILD / "x86-64" / name))
        options = ["--built-in"] if kernels != "XNNPACK" else []
        for model in MODELS:
            _run(
                [
                    *program,
                    "golden",
                    str(model),
                    str(SAMPLES),
                    "--keep",
                    str(one.of(model)),
                    *options,
                ]
            )
        kept.append(one)
    return kept


def _tflite_here() -> Path:
    """Python with tflite-runtime, made once."""
    folder = BUILD / "tflite-runtime"
    if not (folder / "done").is_file():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin/pip"), "--disable-pip-version-check", "--quiet", "install"]
        _run([*pip, TFLITE, "numpy<2", "opencv-python-headless<4.12", "pillow", "click", "rich"])
        (folder / "named").mkdir()
        (folder / "named/crackscan").symlink_to(ROOT)
        (folder / "done").touch()
    return folder / "bin/python"


def _run(command: list[str]) -> None:
    named = str(BUILD / "tflite-runtime/named")
    environment = {**os.environ, "PYTHONPATH": named}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise FailedError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")

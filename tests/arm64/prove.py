"""`make test-arm64`: the whole edge on the systems that Raspberry Pis run, under emulation.

    python tests/arm64/prove.py trixie [--parts golden tests] [--tests all] [--page docs/arm64.md]

Exits with 1 where anything is wrong, with 2 where this machine cannot run it.
"""

import argparse
import resource
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import bundles
import same_answer
from chroot import SYSTEMS, Chroot, FailedError, NotHereError
from page import write_page
from transcript import Transcript

HOME = "/root/crackscan"
QUICK = (
    *("appliance/test_bench", "inference/test_tiling", "cli/test_classify"),
    *("appliance/test_doctor", "tracking/test_evidence_grid", "detection/test_finding"),
    *("test_imports", "inference/test_model_store", "inference/test_model"),
    *("reporting/test_overlay", "tracking/test_frame_quality", "capture/test_source"),
    *("measurement/scale/test_scaling", "pipelines/live/test_scan_pictures", "survey/test_record"),
)
"""Numbers, files and the runtime; the rest waits for clocks and networks more than it computes."""
TIMED = {
    "test_help_comes_at_once": "measures seconds, which QEMU multiplies",
    "test_the_first_picture_is_classified_within_a_second_and_a_half": "measures seconds as well",
    "test_the_first_picture_is_recorded_within_two_seconds": "measures seconds as well",
    "test_classifying_a_picture_takes_little_memory": "bounds memory, of which QEMU takes its own",
}
"""Tests left out under emulation, and why."""
TEST_PACKAGES = "'pytest>=8' 'pytest-timeout>=2.3' 'hypothesis>=6.100'"
VERSIONS = (
    "python3 -c 'import sys, numpy, cv2, platform; print(platform.machine(),"
    ' "Python", sys.version.split()[0], "numpy", numpy.__version__, "OpenCV", cv2.__version__,'
    " numpy.__file__)'"
)


def prove(name: str, parts: Sequence[str], tests: str) -> list[str]:
    """Run parts on one system; what is wrong, in lines.

    Raises:
        NotHereError: this machine cannot.
        FailedError: the chroot could not be made.
    """
    chroot = Chroot(name)
    print(f"making the chroot {name}, or taking the one that is here", flush=True)
    made_s = chroot.make()
    chroot.put_checkout(HOME)
    wrong = []
    for part in ("system", *parts):
        told = Transcript(chroot, part)
        if part == "system":
            told.facts["chroot_s"] = round(made_s)
        started, worked = time.monotonic(), _worked_s()
        PARTS[part](told, tests)
        told.facts[f"{part}_s"] = round(time.monotonic() - started)
        told.facts[f"{part}_cpu_s"] = round(_worked_s() - worked)
        told.save()
        wrong += told.wrong
    return [f"{name}: {one}" for one in wrong]


def _worked_s() -> float:
    """Processor seconds of all that was started and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _system(told: Transcript, _: str) -> None:
    done = told.run(". /etc/os-release; echo $PRETTY_NAME; " + VERSIONS, folder="/")
    told.facts["versions"] = done.out.rpartition("\n")[0].rpartition("\n")[2]
    told.run("apt-get install --yes make python3-venv python3-opencv python3-pil", folder="/")
    if told.chroot.system.architecture == "armhf":
        _refused_where_no_runtime_fits(told)


def _as_the_readme_says(told: Transcript, _: str) -> None:
    bundles.wipe(told.chroot)  # an earlier run's settings would speak here, too
    shutil.rmtree(told.chroot.root / f"{HOME.lstrip('/')}/.venv", ignore_errors=True)
    before = told.chroot.run(VERSIONS).out
    told.run("make scan", limit_s=3600)
    after = told.chroot.run(f". {HOME}/.venv/bin/activate && {VERSIONS}").out
    told.demand(after == before, f"the system's numpy or OpenCV was replaced: {after}")
    if told.chroot.system.debian == "bookworm":
        told.demand(" numpy 1.24." in after, "numpy is not apt's 1.24")
    frozen = told.chroot.run(f"{HOME}/.venv/bin/pip list --local --format=freeze").out
    told.facts["installed"] = frozen.split()
    told.demand("tensorflow" not in frozen, "TensorFlow was installed")
    told.run(". .venv/bin/activate; crackscan doctor")
    told.run(
        ". .venv/bin/activate; crackscan sources",
        keep=lambda done: "\n".join(done.out.splitlines()[-3:]),
    )
    told.run(
        "mkdir photographs && cp samples/cracked-*.jpg photographs;"
        " . .venv/bin/activate; crackscan scan photographs --out visit --workers 1"
        " && crackscan report visit --site Samples && ls visit"
    )
    told.run(
        ". .venv/bin/activate; rm -rf site-1; crackscan scan photographs --out site-1 > /dev/null"
        " && crackscan scan photographs --out site-1 --continue && crackscan surveys ."
        " && crackscan export site-1 --format geojson --out cracks.geojson"
    )
    told.run(
        ". .venv/bin/activate; crackscan bench --size 640x480 --threads 1 --seconds 1"
        " --submit-file figures.json",
        keep=lambda _: "(figures of an emulation, left out)",
    )
    camera = told.run(
        ". .venv/bin/activate; crackscan scan 'picamera:0#shutter=1/1000,focus=0.5' --out site-2"
        " --live 0.0.0.0:8765",
        code=1,
    )
    one = camera.err.count("\n") == 1 and "picamera2" in camera.err
    told.demand(one, "that there is no picamera2 is not said in one line")


def _refused_where_no_runtime_fits(told: Transcript) -> None:
    """32-bit Raspberry Pi OS mostly runs on a 64-bit kernel: its machine is called aarch64."""
    name = "mkdir -p /tmp/bin && printf '#!/bin/sh\\necho aarch64\\n' > /tmp/bin/uname"
    done = told.run(
        f"{name} && chmod +x /tmp/bin/uname && PATH=/tmp/bin:$PATH make scan VENV=/tmp/venv",
        code=2,
    )
    told.demand("install 64-bit Raspberry Pi OS" in done.out, "it is not refused in a line")


def _golden(told: Transcript, _: str) -> None:
    """Crack maps of the shipped models, for the comparison with those of other runtimes."""
    if told.demand(_has_environment(told), "run the part readme first"):
        kernels = ".built-in" if told.chroot.system.architecture == "armhf" else ""
        told.run(
            ". .venv/bin/activate; crackscan-convert golden models/crack-s.tflite samples"
            f" --check tests/data/golden/crack-s{kernels}.npz"
        )
        same_answer.keep(told)


def _has_environment(told: Transcript) -> bool:
    return (told.chroot.root / "root/crackscan/.venv/.edge").is_file()


def _tests(told: Transcript, which: str) -> None:
    """The edge's tests, without TensorFlow."""
    if not told.demand(_has_environment(told), "run the part readme first"):
        return
    told.run(f".venv/bin/pip install --quiet {TEST_PACKAGES}")
    files = ["tests/edge"] if which == "all" else [f"tests/edge/{one}.py" for one in QUICK]
    left_out = " and ".join(f"not {name}" for name in TIMED)
    told.facts["left_out"] = TIMED
    told.run(
        f".venv/bin/pytest -q -o timeout=1800 -k '{left_out}' -rsfE {' '.join(files)}",
        # Hypothesis takes CI for a slow machine: the same examples each time, and no deadline.
        variables={"CI": "true"},
        limit_s=4 * 3600,
        keep=lambda done: "\n".join(done.out.splitlines()[-12:]),
    )


def _bundle(told: Transcript, _: str) -> None:
    (bundles.prove if told.chroot.system.bundle else bundles.refuse)(told)


PARTS = {
    "system": _system,
    "readme": _as_the_readme_says,
    "golden": _golden,
    "tests": _tests,
    "bundle": _bundle,
}
"""In the order in which they run; golden and tests run in what readme installed."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=[*SYSTEMS, "all"])
    parser.add_argument("--parts", nargs="+", choices=list(PARTS)[1:], default=list(PARTS)[1:])
    parser.add_argument("--tests", choices=["quick", "all"], default="quick")
    parser.add_argument("--page", type=Path, help="write what all systems told last to this page")
    chosen = parser.parse_args()
    wrong = []
    try:
        for name in SYSTEMS if chosen.system == "all" else [chosen.system]:
            wrong += prove(name, chosen.parts, chosen.tests)
        if "golden" in chosen.parts:
            wrong += same_answer.compare()
    except NotHereError as error:
        print(error, file=sys.stderr)
        return 2
    except FailedError as error:
        wrong.append(str(error))
    if chosen.page:
        write_page(chosen.page, list(PARTS))
    print("\n".join(wrong) or "all is as it should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the contenders find: AUROC on labelled patches, which needs no quiet machine."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from crackscan.benchmarks.peers.bench import Bench, console, describe_contender
from crackscan.benchmarks.peers.child import Child, GoneError
from crackscan.benchmarks.peers.environments import module_path
from crackscan.benchmarks.peers.measure import score_patches


def read_labelled(data: Path, count: int, folder: Path) -> tuple[Path, npt.NDArray[np.bool_]]:
    """Patches of DeepCrack's development photographs by the patch protocol, and their labels."""
    from crackscan.core.dataset.index import read_index
    from crackscan.core.dataset.patches import mask_patches

    root = data / "deepcrack_dev"
    patches = list(mask_patches(root, read_index(root).items))
    at = np.linspace(0, len(patches) - 1, min(count, len(patches))).round().astype(int)
    chosen = [patches[i] for i in at]
    file = folder / "labelled.npy"
    np.save(file, np.stack([one.rgb for one in chosen]))
    return file, np.array([one.label for one in chosen])


def judge_contenders(
    bench: Bench, data: Path, count: int, taught: bool, known: Collection[str]
) -> Iterator[tuple[str, float]]:
    """AUROC of every contender with trained weights, on as many patches.

    Args:
        taught: whether the notebook's network has learned.
        known: contenders that need not be judged.
    """
    from crackscan.train.evaluate.metrics import auroc

    file, labels = read_labelled(data, count, bench.files)
    random = {"mobilenetv2-int8.tflite"}
    if not taught:
        random |= {"notebook-float.tflite", "notebook-int8.tflite"}
    for name in bench.taking_part():
        if name in known or "random weights" in describe_contender(name).note:
            continue
        if set(describe_contender(name).files) & random:
            continue
        console.print(f"accuracy of {name}", highlight=False)
        variables = module_path(bench.work / "path")
        threads = len(os.sched_getaffinity(0))
        try:
            with Child(bench.pythons[name], name, bench.files, threads, variables) as child:
                yield name, auroc(labels, score_patches(child, file))
        except GoneError as gone:
            bench.leave_out(name, f"does not judge patches: {gone}")

"""Runs crackpot in its own environment: a picture's path a line in, a line of JSON out.

It takes the steps of its window with their presets: detection, removal of small patches, skeleton,
removal of short branches, and the mean width as its handbook defines it, area over length.
"""

import json
import resource
import sys
import time

import numpy as np
from crackpot.backend.edgedetection import EdgeDetection
from crackpot.backend.maskprocessor import MaskProcessor
from crackpot.backend.skeletonprocessor import SkeletonProcessor
from skimage.morphology import skeletonize

CELL_PX = 16
PATCH_PX, BRANCH_PX = 50, 50


def main() -> None:
    """Answer until the input ends; nothing but the answers goes to the output."""
    began_s = time.perf_counter()
    detector, patches, lines = EdgeDetection(), MaskProcessor(), SkeletonProcessor()
    print(json.dumps({"ready_s": time.perf_counter() - began_s}), flush=True)
    for line in sys.stdin:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        raw = detector.detect_edges(line.strip())
        detected_s = time.perf_counter() - began_s
        mask = patches.remove_small_patches(raw, PATCH_PX)
        thin = skeletonize(mask).astype(np.uint8)
        thin = lines.remove_small_branches(thin, BRANCH_PX, lines.find_main_endpoints(thin))
        length_px = float(lines.measure_skeleton_length(thin))
        area_px = int((mask == 1).sum())
        took_s = time.perf_counter() - began_s
        cpu_s = time.process_time() - began_cpu_s
        rows, columns = np.nonzero(mask >= 0.5)
        cells = sorted(
            set(zip((rows // CELL_PX).tolist(), (columns // CELL_PX).tolist(), strict=True))
        )
        answer = {
            "cells": cells,
            "width_px": area_px / length_px if length_px else None,
            "seconds": took_s,
            "network_s": detected_s,
            "undecided": float(((raw > 0) & (raw < 1)).mean()),
            "cpu_s": cpu_s,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

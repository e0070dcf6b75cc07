"""Runs crackscan on still pictures: a picture's path a line in, a line of JSON out."""

import json
import resource
import sys
import time

import numpy as np

from crackscan.core.pictures import read_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import Rule, find_cracks
from crackscan.edge.inference.model import Model
from crackscan.edge.measurement.width import measure_crack


def main() -> None:
    """Answer until the input ends; nothing but the answers goes to the output."""
    began_s = time.perf_counter()
    model = Model.load(sys.argv[1] if len(sys.argv) > 1 else None)
    rule = Rule.of(model.card)
    print(json.dumps({"ready_s": time.perf_counter() - began_s}), flush=True)
    for line in sys.stdin:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        rgb = read_picture(line.strip())
        crack_map = model.crack_map(rgb)
        mapped_s = time.perf_counter() - began_s
        findings = find_cracks(crack_map, Frame(rgb, 0, "", "", 0.0, 0.0), rule)
        widths = []
        for finding in findings:
            cells = np.zeros(crack_map.shape, np.bool_)
            cells[tuple(np.array(finding.cells).T)] = True
            measure = measure_crack(rgb, cells, rule.cell_px)
            widths += [branch.line[:, 2] for branch in measure.branches]
        known = np.concatenate(widths) if widths else np.zeros(0)
        known = known[np.isfinite(known)]
        cpu_s = time.process_time() - began_cpu_s
        answer = {
            "cells": sorted({cell for finding in findings for cell in finding.cells}),
            "width_px": float(known.mean()) if len(known) else None,
            "seconds": time.perf_counter() - began_s,
            "network_s": mapped_s,
            "cpu_s": cpu_s,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

"""How fast this machine scans: each stage of a frame timed, for sizes and thread counts."""

from crackscan.edge.appliance.bench.machine import Surroundings, surroundings
from crackscan.edge.appliance.bench.stages import Run, StageTime, measure, patches_in

__all__ = ["Run", "StageTime", "Surroundings", "measure", "patches_in", "surroundings"]

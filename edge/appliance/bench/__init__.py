"""How fast this machine scans: each stage of a frame timed, for sizes and thread counts."""

from crackscan.edge.appliance.bench.machine import Surroundings, describe_surroundings
from crackscan.edge.appliance.bench.stages import Run, StageTime, measure_stages, patches_in

__all__ = [
    "Run",
    "StageTime",
    "Surroundings",
    "describe_surroundings",
    "measure_stages",
    "patches_in",
]

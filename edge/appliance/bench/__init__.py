"""How fast this machine scans: each stage of a frame timed, for sizes and thread counts."""

from crackscan.edge.appliance.bench.machine import Surroundings, describe_surroundings
from crackscan.edge.appliance.bench.stages import BenchRun, StageTime, measure_stages, patches_in

__all__ = [
    "BenchRun",
    "StageTime",
    "Surroundings",
    "describe_surroundings",
    "measure_stages",
    "patches_in",
]

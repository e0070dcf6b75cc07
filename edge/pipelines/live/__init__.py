"""The live scan: joins source, model, tracking, record and viewers."""

from crackscan.edge.pipelines.live.scan_loop import scan_source
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import CrackedFrame, LiveTally

__all__ = ["CrackedFrame", "LiveTally", "Setup", "scan_source"]

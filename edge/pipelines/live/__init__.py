"""The loop that joins source, model, evidence, record and results."""

from crackscan.edge.pipelines.live.scan_loop import scan
from crackscan.edge.pipelines.live.setup import Setup
from crackscan.edge.pipelines.live.tally import Seen, Tally

__all__ = ["Seen", "Setup", "Tally", "scan"]

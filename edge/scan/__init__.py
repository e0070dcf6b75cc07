"""The loop that joins source, model, evidence, record and results."""

from crackscan.edge.scan.run import scan
from crackscan.edge.scan.setup import Setup
from crackscan.edge.scan.tally import Seen, Tally

__all__ = ["Seen", "Setup", "Tally", "scan"]

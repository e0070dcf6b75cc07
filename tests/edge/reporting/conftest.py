"""Lets the tests of the report, the review and the comparison import what they share."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

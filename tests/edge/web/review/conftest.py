"""Lets the tests of the review page import the surveys that the tests of the report make."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "reporting"))

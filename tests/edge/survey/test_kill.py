"""Power may go at any instant: what was recorded stays."""

from pathlib import Path

import pytest
from killing import kill_and_look


def test_a_kill_at_any_instant_loses_at_most_the_finding_being_written(tmp_path: Path) -> None:
    assert kill_and_look(tmp_path / "visit", times=30, seed=1) > 30


@pytest.mark.system
def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    assert kill_and_look(tmp_path / "visit", times=200, seed=2) > 200

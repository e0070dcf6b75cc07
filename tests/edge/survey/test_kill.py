"""What was recorded survives a kill at any instant, as it must survive a power cut."""

from pathlib import Path

import pytest
from killing import count_after_kills


def test_a_kill_at_any_instant_loses_at_most_the_finding_being_written(tmp_path: Path) -> None:
    assert count_after_kills(tmp_path / "visit", times=30, seed=1) > 30


@pytest.mark.system
def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    assert count_after_kills(tmp_path / "visit", times=200, seed=2) > 200

"""A study compares like with like, goes on where it stopped, and draws what it found."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscan.core.dataset.index import Item
from crackscan.core.dataset.split import Member, Split
from crackscan.core.errors import CrackscanError
from crackscan.core.tensorflow_import import import_tensorflow

import_tensorflow()

from crackscan.train.study.ablation import KINDS, _split_randomly  # noqa: E402
from crackscan.train.study.ablation_plot import draw_ablation  # noqa: E402
from crackscan.train.study.frontier import best_so_far  # noqa: E402
from crackscan.train.study.materials import (  # noqa: E402
    QUICK,
    SHARES,
    Materials,
    share_out,
)
from crackscan.train.study.plot import draw_frontier  # noqa: E402
from crackscan.train.study.runs import claim_study, keep_result  # noqa: E402
from crackscan.train.study.table import ablation_page, frontier_page  # noqa: E402


def row(name: str, cost: float, auroc: float, start: str = "nothing") -> dict[str, Any]:
    spread = {"low": cost * 0.97, "median": cost, "high": cost * 1.04}
    return {
        "name": name,
        "start": start,
        "taught": False,
        "sees_px": 206,
        "parameters": 70_000,
        "photographs_auroc": auroc,
        "photographs_f1": auroc - 0.08,
        "rendered_auroc": auroc - 0.01,
        "look_alike_alarms": 0.034,
        "close_ups_auroc": 0.9998,
        "core": "a core",
        "runtime": "a runtime",
        "cost": {"bytes": 112_000, "macs": 109_000_000, "invocations": spread},
    }


ROWS = [
    row("strided-64", 0.53, 0.921),
    row("fused-96", 0.57, 0.944),
    row("strided-96", 0.62, 0.938),
    row("mobilenet-0.25-half", 0.84, 0.951, "ImageNet"),
    row("mobilenet-0.25", 1.34, 0.950, "ImageNet"),
    row("efficientnet-lite0-slim", 3.75, 0.977, "ImageNet"),
]


@given(
    st.sampled_from([tuple(SHARES), *KINDS.values()]),
    st.integers(min_value=64, max_value=200_000),
)
def test_every_line_learns_from_equally_many_examples(kinds: tuple[str, ...], total: int) -> None:
    counts = share_out(kinds, total)
    assert sum(counts.values()) == total
    assert tuple(counts) == kinds and min(counts.values()) > 0


def test_bare_renderings_take_the_place_of_the_others() -> None:
    bare, full = (share_out(KINDS[stage], 36_000) for stage in ("rendered", "look-alikes"))
    assert bare["bare"] == pytest.approx(full["rendered"] + full["wide"], abs=1)
    assert bare["cracked"] == pytest.approx(full["cracked"], abs=1)


def test_only_what_is_better_than_all_that_is_cheaper_is_on_the_frontier() -> None:
    names = [one["name"] for one in best_so_far(ROWS, "photographs_auroc")]
    assert names == ["strided-64", "fused-96", "mobilenet-0.25-half", "efficientnet-lite0-slim"]


def test_the_usual_split_lets_copies_cross_it() -> None:
    members = tuple(
        Member(Item(f"{at}.jpg", at % 2 == 0), "train", at // 3, 0) for at in range(300)
    )
    split = Split("data", 0, members, (), (), 0, "")
    materials = Materials(Path(), split, Path(), {}, QUICK, Path())
    sides = _split_randomly(materials, 0)
    assert {side: len(items) for side, items in sides.items()} == {
        "train": 210,
        "validation": 60,
        "test": 30,
    }
    paths = [item.path for items in sides.values() for item in items]
    assert len(set(paths)) == 300
    group = {member.item.path: member.group for member in members}
    trained = {group[item.path] for item in sides["train"]}
    crossing = [item for item in sides["validation"] if group[item.path] in trained]
    assert len(crossing) > 30
    assert _split_randomly(materials, 1) != sides


def test_a_finished_run_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert keep_result(tmp_path / "run", lambda: {"auroc": 0.9}) == {"auroc": 0.9}
    assert keep_result(tmp_path / "run", lambda: {"auroc": 0.1}) == {"auroc": 0.9}


def test_a_study_is_not_gone_on_with_under_other_settings(tmp_path: Path) -> None:
    claim_study(tmp_path / "study", {"examples": 100, "seed": 0})
    claim_study(tmp_path / "study", {"examples": 100, "seed": 0})
    with pytest.raises(CrackscanError, match="holds a study with other settings") as message:
        claim_study(tmp_path / "study", {"examples": 200, "seed": 0})
    assert "\n" not in str(message.value)


def test_the_frontier_is_drawn_with_every_name(tmp_path: Path) -> None:
    draw_frontier(ROWS, tmp_path / "frontier.svg")
    draw_frontier(ROWS, tmp_path / "again.svg")
    drawn = (tmp_path / "frontier.svg").read_text()
    for one in ROWS:
        for figure in ("photographs_auroc", "rendered_auroc"):
            assert drawn.count(f'id="{figure}-{one["name"]}"') == 1
    assert (tmp_path / "frontier.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()


def test_the_table_shows_which_networks_are_worth_their_price() -> None:
    page = frontier_page(ROWS, QUICK, 0, "crackscan-train frontier DATA --out FOLDER")
    lines = [line for line in page.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(ROWS)
    assert lines[3].startswith("| **fused-96** |") and "| 0.57 (0.55–0.59) |" in lines[3]
    assert lines[4].startswith("| strided-96 |")
    assert {line.count("|") for line in lines} == {14}


def test_the_ablation_gives_means_and_does_not_boast_of_what_was_trained_on(
    tmp_path: Path,
) -> None:
    runs = [
        {
            "stage": stage,
            "field_seen": seen,
            "own_auroc": 0.9999,
            "photographs_auroc": auroc,
            "photographs_f1": 0.85,
            "rendered_auroc": 0.8,
            "look_alike_alarms": 0.3,
            "field_alarms": 0.2,
        }
        for stage, seen, auroc in (("plain", False, 0.9), ("field", True, 0.95))
    ]
    rows = [[one, {**one, "photographs_auroc": one["photographs_auroc"] + 0.01}] for one in runs]
    draw_ablation(rows, tmp_path / "ablation.svg")
    drawn = (tmp_path / "ablation.svg").read_text()
    assert drawn.count('id="rendered_auroc-') == 2 and drawn.count('id="field_alarms-') == 2
    page = ablation_page(rows, replace(QUICK, examples=36_000), "strided-96", "command")
    plain, field = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert "| 0.9050 ± 0.0050 |" in plain and "20.0% ± 0.0%" in plain
    assert field.endswith("| trained on |")

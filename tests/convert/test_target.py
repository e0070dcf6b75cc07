"""The shipped calibration targets are what their generator makes."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crackscan.convert.calibration_target import PAPERS, Paper, generate_target, write_targets
from crackscan.core.errors import CrackscanError
from crackscan.edge.measurement.scale import printed_target

sys.path.insert(0, str(Path(__file__).parents[1] / "edge" / "measurement" / "scale"))
from pdf_content import page_contents, page_size_mm, rectangles_mm

sys.path.pop(0)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_the_generator_agrees_with_the_shipped_file(paper: Paper) -> None:
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    generated, shipped = generate_target(paper), printed_target.read_target(paper.name)
    assert page_size_mm(generated) == page_size_mm(shipped)
    assert len(page_contents(generated)) == len(page_contents(shipped)) == 2
    for page in range(2):
        one, other = rectangles_mm(generated, page), rectangles_mm(shipped, page)
        assert one.shape == other.shape and len(one) > 200
        assert np.abs(one - other).max() < 1e-3
    assert b"/PrintScaling /None" in generated


def test_the_command_writes_one_file_for_each_paper_size(tmp_path: Path, convert: Any) -> None:
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    assert convert("target", tmp_path) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(printed_target.name_target(name) for name in printed_target.PAPERS)


def test_a_missing_weasyprint_is_reported_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(CrackscanError, match=r"pip install 'crackscan\[pdf\]'") as caught:
        write_targets(tmp_path)
    assert "\n" not in str(caught.value)

"""The commands that compare networks and kinds of data, end to end on next to no data."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
BIN = Path(sys.executable).parent

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the data folder beside the checkout"),
    pytest.mark.timeout(1800),
]


def crackscan_train(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(one) for one in (BIN / "crackscan-train", *arguments)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples as close-ups, a few field photographs as pictures without a crack."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "data").mkdir()
    (folder / "others").mkdir()
    (folder / "data" / "metu").symlink_to(ROOT / "samples" / "patches")
    for part in ("field_photos", "deepcrack_dev"):
        (folder / "data" / part).symlink_to(DATA / part)
    for picture in (DATA / "field_photos").glob("vt-*.jpg"):
        (folder / "others" / picture.name).symlink_to(picture)
    return folder


def test_a_frontier_goes_on_and_an_ablation_takes_its_networks(small: Path) -> None:
    data, out = small / "data", small / "frontier"
    plain = ("--quick", "--weights", "none", "--negatives", small / "others")
    first = crackscan_train("frontier", data, "--out", out, *plain, "--variant", "strided-64")
    assert first.returncode == 0, first.stderr
    kept = (out / "strided-64" / "result.json").read_bytes()
    trained = (out / "strided-64" / "model.keras").stat().st_mtime_ns
    both = ("--variant", "strided-64", "--variant", "fused-96-far")
    second = crackscan_train("frontier", data, "--out", out, *plain, *both)
    assert second.returncode == 0, second.stderr
    assert (out / "strided-64" / "result.json").read_bytes() == kept
    assert (out / "strided-64" / "model.keras").stat().st_mtime_ns == trained
    page = (out / "frontier.md").read_text()
    assert "strided-64" in page and "fused-96-far" in page and str(small) not in page
    assert 'id="rendered_auroc-fused-96-far"' in (out / "frontier.svg").read_text()
    told = json.loads(kept)
    assert told["sees_px"] == 200 and 0 <= told["photographs_auroc"] <= 1
    other = crackscan_train("frontier", data, "--out", out, *plain, "--seed", "1")
    assert other.returncode == 1 and "holds a study with other settings" in other.stderr

    options = ("--pool", out, "--seeds", "1", "--backbone", "strided-64")
    taught = ("--teacher", out / "fused-96-far")
    rest = crackscan_train("ablation", data, "--out", small / "ablation", *plain, *options, *taught)
    assert rest.returncode == 0, rest.stderr
    assert 'id="rendered_auroc-6"' in (small / "ablation" / "ablation.svg").read_text()
    lines = (small / "ablation" / "ablation.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ")][1:]
    assert len(rows) == 7 and [row.endswith("| trained on |") for row in rows] == 5 * [0] + 2 * [1]


def test_a_page_shows_only_what_may_be_shown(small: Path) -> None:
    sheets = small / "sheets"
    options = ("--out", small / "page", "--private", sheets, "--renderings", "24")
    done = crackscan_train("page", "crack-s", small / "data", *options)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (small / "page").iterdir()}
    assert made == {"crack-s-figures.md", "crack-s-reliability.svg", "crack-s-sheet.jpg"}
    assert {path.name for path in sheets.iterdir()} == {"crack-s-deepcrack.jpg"}
    page = (small / "page" / "crack-s-figures.md").read_text()
    assert "| DeepCrack, development photographs | default |" in page
    assert str(small) not in page

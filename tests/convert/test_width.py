"""The accuracy of widths is measured against what is known exactly."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from crackscan.convert.cli.width import width as command
from crackscan.convert.width_accuracy import on_folder, on_renderings
from crackscan.convert.width_figures import summarize_widths
from crackscan.convert.width_renderings import Setting, render_crack
from crackscan.convert.width_report import by_class
from crackscan.core.errors import DataError
from crackscan.core.picture_writing import write_picture
from crackscan.core.skeleton import half_width, length_px, skeletonize_mask
from crackscan.edge.measurement.width import ENCODED, LINEAR


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three renderings with masks."""
    root = tmp_path_factory.mktemp("masked")
    for part in ("images", "masks"):
        (root / part).mkdir()
    for number, wide in enumerate((3.0, 6.0, 11.0)):
        drawn = render_crack(Setting(wide, 0.9, 0.4 + number, depth=0.7), number, 192, tone=ENCODED)
        write_picture(root / "images" / f"{number}.jpg", drawn.rgb, 95)
        y, x = np.mgrid[:192, :192]
        places = np.stack([x, y], axis=-1)[:, :, None]
        gap = np.hypot(*(places - drawn.line[::4, :2]).transpose(3, 0, 1, 2)).min(axis=2)
        mask = np.where(gap <= wide / 2, 255, 0)
        cv2.imwrite(str(root / "masks" / f"{number}.png"), mask)
    return root


def test_widths_of_renderings_are_as_good_as_promised() -> None:
    cracks = on_renderings(32, 5, (), ENCODED, lambda: None)
    found = summarize_widths(cracks)
    assert found.median_error <= 0.25
    assert found.coverage >= 0.8  # 0.87 of many more: see the command
    assert found.mean_error <= 0.25
    assert abs(found.length_ratio - 1) < 0.05
    assert {len(rows) for rows in by_class(cracks).values()} == {8, 4, 6}


def test_the_drawn_crack_has_the_width_it_claims() -> None:
    """On an even wall, missing light over length is width times depth."""
    even = np.full((64, 64, 3), 128, np.uint8)
    for wide, angle in ((1.0, 0.0), (2.0, 0.5), (7.0, 1.2)):
        setting = Setting(wide, 1.0, angle, depth=0.6, noise=0, quality=100)
        drawn = render_crack(setting, 1, 256, walls=[even], tone=LINEAR)
        light = LINEAR.table[drawn.rgb[..., 1]]
        strip = np.ones((256, 256), bool)
        missing = np.clip(np.median(light) - light, 0, None)[strip].sum() / np.median(light)
        length = np.hypot(*np.diff(drawn.line[:, :2], axis=0).T).sum()
        assert missing / 0.6 / length == pytest.approx(drawn.line[:, 2].mean(), rel=0.1)


def test_a_folder_with_masks_is_measured(masked: Path) -> None:
    cracks = on_folder(masked, ENCODED, iter)
    assert [round(crack.true_mean_px) for crack in cracks] == pytest.approx([3, 6, 11], abs=1)
    assert summarize_widths(cracks).mean_error < 1


def test_exact_lines_are_used_where_the_folder_has_them(masked: Path) -> None:
    lines = []
    for number, wide in enumerate((3.0, 6.0, 11.0)):
        drawn = render_crack(Setting(wide, 0.9, 0.4 + number, depth=0.7), number, 192, tone=ENCODED)
        lines.append({"image": f"{number}.jpg", "lines": [drawn.line.tolist()]})
    path = masked / "lines.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    try:
        cracks = on_folder(masked, ENCODED, iter)
    finally:
        path.unlink()
    assert [crack.true_mean_px for crack in cracks] == pytest.approx([3, 6, 11], abs=0.01)
    assert summarize_widths(cracks).median_error < 0.25


@pytest.mark.parametrize("wide", [1, 4, 9])
def test_a_mask_has_the_length_and_width_it_was_drawn_with(wide: int) -> None:
    mask = np.zeros((80, 200), bool)
    mask[40 : 40 + wide, 20:180] = True
    middle = skeletonize_mask(mask)
    assert length_px(middle) == pytest.approx(160, abs=wide + 1)
    y, x = np.nonzero(middle[:, 40:160])
    assert np.median(2 * half_width(mask)[y, x + 40] - 0.5) == pytest.approx(wide, abs=0.6)


def test_corners_of_a_mask_are_no_branches() -> None:
    mask = np.zeros((60, 160), np.uint8)
    cv2.rectangle(mask, (10, 20), (150, 40), 255, cv2.FILLED)
    cv2.circle(mask, (80, 20), 4, 255, cv2.FILLED)
    middle = skeletonize_mask(mask > 0)
    assert length_px(middle) < 150
    assert np.ptp(np.nonzero(middle)[0]) < 10


def test_the_command_prints_the_figures_and_draws_them(tmp_path: Path) -> None:
    plot = tmp_path / "errors.png"
    result = CliRunner().invoke(command, ["--rendered", "6", "--json", "--plot", str(plot)])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["all"]["cracks"] == 6
    assert set(report["classes"]) == {"width px", "blur px", "angle °"}
    assert cv2.imread(str(plot)) is not None


def test_the_command_prints_a_table(masked: Path) -> None:
    result = CliRunner().invoke(command, [str(masked)])
    assert result.exit_code == 0, result.output
    assert "bias" in result.stdout and "all" in result.stdout


def test_a_folder_without_masks_is_a_one_line_error(tmp_path: Path) -> None:
    for part in ("positive", "negative"):
        (tmp_path / part).mkdir()
        write_picture(tmp_path / part / "a.jpg", np.full((32, 32, 3), 128, np.uint8))
    with pytest.raises(DataError, match="no masks/"):
        on_folder(tmp_path, ENCODED, iter)


def test_one_or_the_other() -> None:
    result = CliRunner().invoke(command, ["data", "--rendered", "5"])
    assert result.exit_code == 2
    assert "not both" in result.output


def test_no_crack_at_all_is_a_one_line_error() -> None:
    with pytest.raises(DataError, match="no crack"):
        summarize_widths([])


def test_help_does_not_load_the_drawing_library() -> None:
    code = (
        "import sys; from crackscan.convert.cli.width import width; "
        "sys.exit('matplotlib' in sys.modules or 'cv2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

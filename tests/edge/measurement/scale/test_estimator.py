"""The scale from distance and lens, from two points, and from photographs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from crackscan.convert.width_renderings import Setting, render_crack
from crackscan.core.errors import CrackscanError, ScaleError
from crackscan.core.picture_writing import write_picture
from crackscan.core.pictures import read_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.cli.measure import measure as measure_command
from crackscan.edge.measurement.scale import (
    CAMERA_MODULES,
    Lens,
    ScaleEstimator,
    ScaleSettings,
    TwoPoints,
    WallDistance,
    assume_plane,
    figure_text,
    measurements_dict,
    measures_of,
    plane_from_points,
    width_text,
)
from crackscan.edge.measurement.scale.camera_file import CalibratedCamera, read_camera, write_camera
from crackscan.edge.measurement.scale.lens import assume_lens, build_pinhole_lens
from crackscan.edge.measurement.values import Measurement, Measurements, Scale
from crackscan.edge.measurement.width import ENCODED, measure_crack
from crackscan.edge.positioning import NO_GEOTAG, Distance, Geotag, PhotoData

ROOT = Path(__file__).parents[4]
SAMPLE = ROOT / "samples/cracked-patch-level.jpg"


def frame(width: int = 640, height: int = 480) -> Frame:
    return Frame(np.zeros((height, width, 3), np.uint8), 0, "camera 0#0", "0", 0.0, 0.0)


def scale(settings: ScaleSettings, at: Frame, geotag: Geotag = NO_GEOTAG) -> Scale:
    found = ScaleEstimator.from_settings(settings).estimate_scale(at, geotag)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "field_of_view_deg"),
    # Horizontal fields of view as the makers state them; v1 53.5, v2 62.2, v3 66 and 102, AI 66.
    [("v1", 53.5), ("v2", 62.2), ("v3", 66), ("v3-wide", 102), ("ai", 66), ("imx219", 62.2)],
)
@pytest.mark.parametrize("width", [640, 1640, 4608])
def test_a_module_has_the_field_of_view_of_its_data_sheet(
    name: str, field_of_view_deg: float, width: int
) -> None:
    found = scale(ScaleSettings.parse("2", name), frame(width, width * 3 // 4))
    seen_mm = found.mm_per_px * width
    stated_mm = 2 * 2000 * np.tan(np.deg2rad(field_of_view_deg / 2))
    assert seen_mm == pytest.approx(stated_mm, rel=0.07)


def test_binned_and_scaled_frames_have_larger_pixels() -> None:
    full = scale(ScaleSettings.parse("1", "v2"), frame(3280, 2464))
    assert full.mm_per_px == pytest.approx(1000 * 1.12e-3 / 3.04, rel=1e-3)
    half = scale(ScaleSettings.parse("1", "v2"), frame(1640, 1232))
    assert half.mm_per_px == pytest.approx(2 * full.mm_per_px)
    upright = scale(ScaleSettings.parse("1", "v2"), frame(1232, 1640))
    assert upright.mm_per_px == pytest.approx(half.mm_per_px)


def test_a_module_without_a_lens_needs_one() -> None:
    for name, pixel_um, wide in (("hq", 1.55, 4056), ("gs", 3.45, 1456)):
        with pytest.raises(ScaleError, match="--lens"):
            ScaleEstimator.from_settings(ScaleSettings.parse("1", name))
        found = scale(ScaleSettings.parse("1", name, lens_mm=6), frame(wide, wide * 3 // 4))
        assert found.mm_per_px == pytest.approx(pixel_um / 6, rel=1e-3)
        assert found.relative_uncertainty > 0.05
    with pytest.raises(ScaleError, match="lens of its own"):
        ScaleEstimator.from_settings(ScaleSettings.parse("1", "v2", lens_mm=6))


def test_the_scale_includes_the_uncertainty_of_the_distance() -> None:
    sure, unsure = (
        scale(ScaleSettings.parse(text, "v2"), frame()) for text in ("1±0.01", "1 +- 0.2")
    )
    assert sure.mm_per_px == unsure.mm_per_px
    assert 0.03 < sure.relative_uncertainty < 0.05
    assert 0.2 < unsure.relative_uncertainty < 0.22


def test_unknown_tilt_adds_uncertainty_away_from_the_centre() -> None:
    view = assume_plane(WallDistance(1, 0.01), build_pinhole_lens(640, 480, 600, 0.01, "lens"))
    middle, corner = view.estimate_scale_at(319.5, 239.5), view.estimate_scale_at(5, 5)
    assert middle is not None and corner is not None
    assert corner.relative_uncertainty > 3 * middle.relative_uncertainty


@pytest.mark.parametrize(
    ("text", "metres", "uncertainty"),
    [
        ("1.5", 1.5, 0.075),
        ("1.5±0.05", 1.5, 0.05),
        ("2 m +- 0.1 m", 2, 0.1),
        ("0.3+/-.01", 0.3, 0.01),
    ],
)
def test_distances_are_read(text: str, metres: float, uncertainty: float) -> None:
    found = WallDistance.parse(text)
    assert (found.metres, found.uncertainty_m) == pytest.approx((metres, uncertainty))


@pytest.mark.parametrize("text", ["", "far", "0", "-1", "1±1", "1±", "nan", "1,5", "1e9"])
def test_a_wrong_distance_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ScaleError, match="not a distance in metres") as caught:
        WallDistance.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "1,2,3,4", "a,b,c,d,e", "0,0,100,0,0", "0,0,nan,0,5", "0,0,4,0,5"]
)
def test_wrong_points_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(ScaleError, match="two points") as caught:
        TwoPoints.parse(text)
    assert "\n" not in str(caught.value)


@given(st.floats(100, 500), st.floats(0, 2 * np.pi, allow_subnormal=False), st.floats(1, 1000))
def test_two_points_give_their_own_distance_back(length: float, angle: float, mm: float) -> None:
    x, y = 320 + length * np.cos(angle), 240 + length * np.sin(angle)
    view = plane_from_points(TwoPoints(320, 240, x, y, mm), assume_lens(640, 480))
    ends = view.project_points(np.array([[320, 240], [x, y]]))
    assert np.hypot(*(ends[1] - ends[0])) == pytest.approx(mm)
    here = view.estimate_scale_at((320 + x) / 2, (240 + y) / 2)
    assert here is not None and here.mm_per_px == pytest.approx(mm / length)


def test_closer_points_have_more_uncertainty() -> None:
    near, far = (
        plane_from_points(TwoPoints(100, 100, 100 + d, 100, d / 10), assume_lens(640, 480))
        for d in (20, 400)
    )
    assert near.relative_uncertainty > 3 * far.relative_uncertainty


def test_points_are_scaled_to_frames_of_half_the_size() -> None:
    scaling = ScaleEstimator.from_settings(ScaleSettings.parse(points="100,100,300,100,50"))
    first = scaling.estimate_scale(frame(640, 480))
    half = scaling.estimate_scale(frame(320, 240))
    assert first is not None and half is not None
    assert half.mm_per_px == pytest.approx(2 * first.mm_per_px)
    assert scaling.estimate_scale(frame(320, 320)) is None
    assert "another shape" in scaling.why


def test_a_rangefinder_is_used_if_the_user_gives_no_distance() -> None:
    geotag = Geotag(distance=Distance(3.0, "rangefinder"))
    own = scale(ScaleSettings.parse(camera="v2"), frame(), geotag)
    assert own.mm_per_px == pytest.approx(
        3 * scale(ScaleSettings.parse("1", "v2"), frame()).mm_per_px
    )
    assert own.source.startswith("rangefinder")
    stated = scale(ScaleSettings.parse("1", "v2"), frame(), geotag)
    assert stated.source.startswith("distance")
    laser = scale(
        ScaleSettings.parse(camera="v2"), frame(), Geotag(distance=Distance(2.0, "laser"))
    )
    assert laser.relative_uncertainty > 0.1  # 0.2 m of 2 m


def test_a_missing_scale_has_a_reason() -> None:
    for settings, why in (
        (ScaleSettings(), "neither"),
        (ScaleSettings.parse("1"), "not the lens"),
        (ScaleSettings(target=True), "no printed target"),
    ):
        scaling = ScaleEstimator.from_settings(settings)
        assert scaling.estimate_scale(frame()) is None
        assert why in scaling.why


PHOTO = PhotoData(make="DJI", model="FC6310", focal_mm=8.8, width_px=5472, height_px=3648)


@pytest.mark.parametrize(
    ("photo", "size", "focal_px"),
    [
        (PHOTO, (5472, 3648), 8.8 / 13.2 * 5472),
        (PHOTO, (3648, 5472), 8.8 / 13.2 * 5472),
        (replace(PHOTO, taken_width_px=5472, taken_height_px=3648), (1368, 912), 8.8 / 13.2 * 1368),
        (replace(PHOTO, focal_px=3666.6), (5472, 3648), 3666.6),
        (replace(PHOTO, model="EOS", sensor_px_per_mm=244.0), (5472, 3648), 8.8 * 244),
        (PhotoData(focal_35mm_mm=26.0), (4000, 3000), 26 / 43.267 * 5000),
    ],
    ids=["drone", "upright", "scaled since", "calibrated", "focal plane", "35 mm"],
)
def test_the_lens_is_read_from_the_metadata(
    photo: PhotoData, size: tuple[int, int], focal_px: float
) -> None:
    scaling = ScaleEstimator.from_settings(ScaleSettings.parse("10"))
    found = scaling.estimate_scale(frame(*size), photo=photo)
    assert found is not None
    assert found.mm_per_px == pytest.approx(10_000 / focal_px, rel=1e-3)


@pytest.mark.parametrize(
    ("photo", "why"),
    [
        (PhotoData(), "no focal length in its metadata"),
        (replace(PHOTO, taken_width_px=5472, taken_height_px=3078), "cropped"),
        (PhotoData(focal_35mm_mm=26.0, zoom=2.0), "digital zoom"),
        (PhotoData(focal_35mm_mm=26.0, panorama=True), "is a panorama"),
    ],
)
def test_a_photograph_with_an_unknown_lens_has_no_scale(photo: PhotoData, why: str) -> None:
    scaling = ScaleEstimator.from_settings(ScaleSettings.parse("10"))
    assert scaling.estimate_scale(frame(5472, 3648), photo=photo) is None
    assert why in scaling.why and "--camera" in scaling.why


LENS = Lens(640, 480, 600.0, 602.0, 321.0, 238.0, 0.004, "porch", (-0.2, 0.05, 0.001, 0.0, 0.0))


def test_a_camera_file_survives_a_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "porch.json"
    write_camera(path, CalibratedCamera(LENS, 14, 0.2))
    assert read_camera(path) == LENS
    found = scale(ScaleSettings.parse("1", str(path)), frame())
    assert found.mm_per_px == pytest.approx(1000 / 601, rel=0.01)
    half = scale(ScaleSettings.parse("1", str(path)), frame(320, 240))
    assert half.mm_per_px == pytest.approx(2 * found.mm_per_px, rel=0.01)
    scaling = ScaleEstimator.from_settings(ScaleSettings.parse("1", str(path)))
    assert scaling.estimate_scale(frame(640, 360)) is None
    assert "another shape" in scaling.why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "not a camera file"),
        ("nonsense", "not a camera file"),
        ('{"crackscan_camera": 9}', "another version of crackscan"),
        ('{"crackscan_camera": 1, "name": "x"}', "damaged"),
    ],
)
def test_a_wrong_camera_file_is_refused_in_one_line(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "camera.json"
    path.write_text(text)
    with pytest.raises(ScaleError, match=why) as caught:
        ScaleEstimator.from_settings(ScaleSettings.parse("1", str(path)))
    assert "\n" not in str(caught.value)


def test_an_unknown_camera_is_refused_with_a_list() -> None:
    with pytest.raises(ScaleError, match="v3-wide"):
        ScaleEstimator.from_settings(ScaleSettings.parse("1", "v9"))
    with pytest.raises(ScaleError, match="No such file"):
        ScaleEstimator.from_settings(ScaleSettings.parse("1", "gone.json"))
    with pytest.raises(ScaleError, match="--camera"):
        ScaleEstimator.from_settings(ScaleSettings.parse("1", lens_mm=6))
    assert {"v1", "v2", "v3", "v3-wide", "hq", "gs", "ai"} == set(CAMERA_MODULES)


@given(st.floats(5, 634), st.floats(5, 474))
def test_undistortion_inverts_the_distortion(x: float, y: float) -> None:
    straight = LENS.undistort_points(np.array([[x, y]]))[0]
    k1, k2, p1, _, _ = LENS.distortion
    u, v = (straight[0] - LENS.cx_px) / LENS.fx_px, (straight[1] - LENS.cy_px) / LENS.fy_px
    r2 = u * u + v * v
    radial = 1 + k1 * r2 + k2 * r2 * r2
    bent = u * radial + 2 * p1 * u * v, v * radial + p1 * (r2 + 2 * v * v)
    assert bent[0] * LENS.fx_px + LENS.cx_px == pytest.approx(x, abs=0.01)
    assert bent[1] * LENS.fy_px + LENS.cy_px == pytest.approx(y, abs=0.01)


def test_a_crack_of_known_width_is_measured_in_mm() -> None:
    drawn = render_crack(Setting(5.0, 0.9, 0.6, depth=0.7), 2, 192, tone=ENCODED)
    measure = measure_crack(drawn.rgb, drawn.cells)
    picture = Frame(drawn.rgb, 0, "a.png", "nowhere", 0.0, 0.0)
    scaling = ScaleEstimator.from_settings(ScaleSettings.parse(points="10,10,110,10,10"))
    found = scaling.estimate_scale(picture, measure=measure)
    assert found is not None and found.mm_per_px == pytest.approx(0.1)
    figures = measurements_dict(measures_of(measure), found)
    value, uncertainty = figures["width_median_mm"]
    assert abs(value - 0.5) < uncertainty < 0.15
    assert figures["length_mm"][0] == pytest.approx(0.1 * figures["length_px"][0], rel=1e-2)
    assert figures["scale"]["source"] == "two points"
    assert figures["not_measurable"] is None
    plain = measurements_dict(measures_of(measure), None)
    assert plain["width_median_px"] == figures["width_median_px"]
    assert plain["width_median_mm"] is None and plain["scale"] is None


def test_figures_are_shown_in_the_known_unit() -> None:
    figure, known = Measurement(3.24, 0.5), Scale(0.1, 0.1, "two points")
    assert figure_text(figure, None) == "3.2 ± 0.5 px"
    assert figure_text(figure, known) == "0.32 ± 0.06 mm"
    assert figure_text(Measurement(1234, 20), known) == "123 ± 13 mm"
    assert width_text(Measurements(why="blur"), known) == "width not measurable (blur)"
    assert width_text(Measurements(width_p95=figure), None) == "3.2 ± 0.5 px"


def test_the_command_measures_in_mm_and_draws(tmp_path: Path) -> None:
    import json

    options = ["--points", "10,10,210,10,100", "--threads", "1"]
    result = CliRunner().invoke(
        measure_command, [str(SAMPLE), *options, "--json", "--out", str(tmp_path / "drawn")]
    )
    assert result.exit_code == 0, result.output
    crack = json.loads(result.stdout)[0]
    assert crack["picture"] == SAMPLE.name
    assert crack["width_p95_mm"][0] == pytest.approx(crack["width_p95_px"][0] / 2, rel=0.05)
    assert (tmp_path / "drawn" / f"{SAMPLE.stem}-1.jpg").is_file()
    plain = CliRunner().invoke(measure_command, [str(SAMPLE), *options])
    assert "mm" in plain.stdout and "±" in plain.stdout and "two points" in plain.stdout


def test_the_command_reports_a_missing_scale() -> None:
    result = CliRunner().invoke(measure_command, [str(SAMPLE), "--threads", "1"])
    assert result.exit_code == 0
    assert "no scale, so in px only: neither" in result.stdout
    assert " mm" not in result.stdout


def test_the_command_continues_after_a_picture_that_is_too_small(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", np.full((20, 20, 3), 128, np.uint8))
    write_picture(tmp_path / "b.jpg", read_picture(SAMPLE))
    result = CliRunner().invoke(measure_command, [str(tmp_path), "--threads", "1"])
    assert result.exit_code == 0
    assert "a.png is too small: 20x20" in result.output and "b.jpg" in result.output


def test_the_command_refuses_wrong_input_in_one_line() -> None:
    for arguments, why in (
        ([str(SAMPLE), "--distance", "far"], "not a distance"),
        ([str(SAMPLE), "--distance", "1", "--camera", "hq"], "--lens"),
        (["gone.jpg"], "gone.jpg"),
    ):
        result = CliRunner().invoke(measure_command, [*arguments, "--threads", "1"])
        assert isinstance(result.exception, CrackscanError)
        assert why in str(result.exception) and "\n" not in str(result.exception)

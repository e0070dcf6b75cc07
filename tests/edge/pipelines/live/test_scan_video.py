"""In a video cracks are tracked, and what cannot be judged is recorded."""

import re
from pathlib import Path

import cv2
import pytest
from scanning import clip, crackscan_scan, findings_in, frames_in, pan, state_of, wall

from crackscan.core.command_line import run_command
from crackscan.core.pictures import read_picture
from crackscan.edge.cli import crackscan
from crackscan.edge.reporting.caption import caption_px
from crackscan.edge.survey import NoteKind, SurveyReader


def test_a_video_becomes_a_video_of_the_same_length(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(clip(tmp_path / "clip.mp4", 12), "--out", out) == 0
    video = cv2.VideoCapture(str(out / "annotated.mp4"), cv2.CAP_FFMPEG)
    assert video.get(cv2.CAP_PROP_FPS) == 10
    assert video.get(cv2.CAP_PROP_FRAME_HEIGHT) == 224 + caption_px(224, 224)
    assert frames_in(out / "annotated.mp4") == 12 == state_of(out)["frames"]


def test_a_crack_in_a_video_is_one_finding_with_its_best_frame(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(clip(tmp_path / "clip.mp4", 40), "--out", out) == 0
    with SurveyReader(out) as survey:
        [found] = survey.findings()
        [session] = survey.sessions()
    seen, [line] = found.sighting, findings_in(out)
    assert found.picture is not None and session.ended is not None
    assert read_picture(out / found.picture).shape == (224, 224, 3)
    assert seen.frames_seen > 20 and seen.first.monotonic_s < seen.last.monotonic_s
    assert line["id"] == found.id and line["frame"] == seen.frame
    assert seen.clip_s is not None and line["clip_s"] == round(seen.clip_s, 3)
    assert seen.measures is not None and (seen.measures.width_median or seen.measures.why)
    state = state_of(out)
    assert state["findings"] == 1 and state["frames_with_findings"] > 20
    assert state["survey"]["pictures"] == 1


def test_what_cannot_be_judged_is_a_gap_with_its_reason(tmp_path: Path) -> None:
    out, smeared = tmp_path / "out", range(15, 39)
    assert crackscan_scan(pan(tmp_path / "clip.mp4", 48, smeared), "--out", out) == 0
    with SurveyReader(out) as survey:
        gaps = [note for _, note in survey.notes() if note.kind is NoteKind.GAP]
        counts = survey.frame_counts()[1]
    assert len(gaps) == 1
    match = re.fullmatch(r"(too fast|out of focus), from 0:0(\d\.\d) in the video", gaps[0].text)
    assert match is not None and float(match[2]) == pytest.approx(15 / 15, abs=0.2)
    assert gaps[0].seconds == pytest.approx(len(smeared) / 15, abs=0.3)
    assert len(smeared) - 6 <= state_of(out)["unclear"] <= len(smeared) + 2
    assert sum(counts.values()) == 48 and counts[""] == 48 - state_of(out)["unclear"]


def test_frames_blurred_for_moments_are_counted_and_told_in_the_report(tmp_path: Path) -> None:
    out = tmp_path / "out"
    smeared = [number for number in range(12, 60) if number % 6 < 2]
    assert crackscan_scan(pan(tmp_path / "clip.mp4", 60, smeared), "--out", out) == 0
    with SurveyReader(out) as survey:
        counts = survey.frame_counts()[1]
    unjudged = 60 - counts[""]
    assert 5 <= unjudged <= len(smeared) + 4 and set(counts) <= {"", "too fast", "out of focus"}
    with pytest.raises(SystemExit) as ended:
        run_command(crackscan, ["report", str(out)])
    assert not ended.value.code
    page = (out / "report.html").read_text()
    assert f"{unjudged} of 60 frames ({unjudged / 0.6:.0f} %) could not be judged: " in page


def test_a_video_that_stands_still_is_a_gap(tmp_path: Path) -> None:
    out, frozen = tmp_path / "out", 30
    path = tmp_path / "clip.avi"  # JPEGs, so that equal pictures stay equal
    writer = cv2.VideoWriter(str(path), int.from_bytes(b"MJPG", "little"), 10, (224, 224))
    for number in range(20 + frozen):
        shown = wall(shift=min(number, 20))
        writer.write(cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    writer.release()
    assert crackscan_scan(path, "--out", out, "--no-annotate") == 0
    with SurveyReader(out) as survey:
        gaps = [note for _, note in survey.notes() if note.kind is NoteKind.GAP]
        counts = survey.frame_counts()[1]
    assert len(gaps) == 1 and gaps[0].text.startswith("frozen, from 0:03.")
    assert gaps[0].seconds == pytest.approx(1.8, abs=0.35)
    assert counts == {"": 50 - counts["frozen"], "frozen": pytest.approx(19, abs=2)}


def test_every_fourth_frame_keeps_the_pace(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert crackscan_scan(clip(tmp_path / "c.mp4", 12), "--out", out, "--every", "4") == 0
    assert frames_in(out / "annotated.mp4") == 3
    video = cv2.VideoCapture(str(out / "annotated.mp4"), cv2.CAP_FFMPEG)
    assert video.get(cv2.CAP_PROP_FPS) == 2.5

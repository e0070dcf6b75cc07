"""What tracking is worth: findings over many frames against single-frame decisions.

    python benchmarks/pan.py --model models/crack-s.tflite ../shared/data
    python benchmarks/pan.py --clip pan.mp4 ../shared/data

A virtual camera pans over large real pictures; its path and the cracks are known, so every finding
and every identity can be checked. Single-frame decisions are those of `find_cracks` on each
frame, at the model's threshold, and at those with the recall (by frames, by cracks) or the false
findings of tracking.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from virtual_camera import (
    HEIGHT,
    MIDDLE,
    RATE_FPS,
    WIDTH,
    Labels,
    WallPicture,
    path,
    shoot,
    under_cells,
    walls,
)

from crackscan.core.pooling import logit, sigmoid
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import CrackMap, Finding, Rule, find_cracks
from crackscan.edge.inference.model import Model
from crackscan.edge.reporting.annotated_video import AnnotatedVideo
from crackscan.edge.tracking.motion import (
    Matrix,
    RegistrationImage,
    estimate_motion,
    make_registration_image,
)
from crackscan.edge.tracking.sharpness import measure_detail
from crackscan.edge.tracking.wall_tracker import WallTracker

_LEAST_CELLS = 3
"""Of a crack in a frame, for it to count as visible there."""
_HIT = 1 / 3
"""Share of a finding's cells that must lie on a crack."""
_PLACE_PX = 64
"""False findings nearer to each other on the wall are one place."""
_NO_PICTURE = np.broadcast_to(np.uint8(0), (HEIGHT, WIDTH, 3))


@dataclass
class Score:
    """Decisions about frames, summed over all walls."""

    frames: int = 0
    true_marks: int = 0
    false_marks: int = 0
    """Findings, in each frame in which they stand."""
    visible: int = 0
    hit: int = 0
    """Pairs of crack and frame."""
    cracks: int = 0
    cracks_hit: int = 0
    false_places: int = 0

    def figures(self) -> dict[str, float]:
        marks = self.true_marks + self.false_marks
        return {
            "recall_frames": self.hit / max(self.visible, 1),
            "recall_cracks": self.cracks_hit / max(self.cracks, 1),
            "precision_marks": self.true_marks / max(marks, 1),
            "false_marks_per_100_frames": 100 * self.false_marks / max(self.frames, 1),
            "false_places_per_100_frames": 100 * self.false_places / max(self.frames, 1),
        }


@dataclass
class Identities:
    """What became of the identities, summed over all walls."""

    findings: int = 0
    on_no_crack: int = 0
    on_cracks: int = 0
    cracks: int = 0
    """With at least one finding that is mainly on them."""
    doubles: int = 0
    """Findings that lie where another one of the same crack lies; the other duplicates are parts of
    a crack that was not seen between them."""
    switches: int = 0
    absorbed: int = 0


@dataclass(frozen=True, eq=False)
class Shown:
    """A frame as the scores need it."""

    frame: Frame
    crack_map: CrackMap
    visible: Labels
    marks: Labels
    pose: Matrix


@dataclass
class Bench:
    """One run of the benchmark."""

    model: Model | None
    oracle_noise: float
    rule: Rule
    speed_px: float
    score: Score = field(default_factory=Score)
    identities: Identities = field(default_factory=Identities)
    took_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    off_px: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    verdicts: Counter[str] = field(default_factory=Counter)
    shown: list[list[Shown]] = field(default_factory=list)

    def pan(self, wall: WallPicture, seed: int) -> None:
        """Follow one wall from its first frame to its last."""
        rng = np.random.default_rng(seed)
        tracker = WallTracker(self.rule)
        here: list[list[Finding]] = []
        shown: list[Shown] = []
        names = _Names(self.rule.cell_px)
        before: Matrix | None = None
        first: Matrix | None = None
        for index, pose in enumerate(path(wall, self.speed_px, rng)):
            rgb = shoot(wall, pose, pose if before is None else before, rng)
            now_s = index / RATE_FPS
            frame = Frame(rgb, index, str(index), wall.name, now_s, now_s, now_s)
            visible = under_cells(wall.cracks, pose, self.rule.cell_px)
            marks = under_cells(wall.marks, pose, self.rule.cell_px)
            registered = self._timed("motion and sharpness", tracker.register_frame, frame)
            crack_map = self._crack_map(frame, visible, rng)
            tracked = self._timed(
                "evidence and identity", tracker.track_cracks, registered, crack_map
            )
            self.verdicts[registered.quality.verdict.value] += 1
            if before is not None and registered.motion.lost is None:
                off = registered.motion.matrix(WIDTH, HEIGHT) - np.linalg.inv(pose) @ before
                self.off_px["motion"].append(float(np.hypot(*(off @ MIDDLE)[:2])))
            if registered.pose is None or registered.pose.section > 0:
                self.verdicts[
                    "not registered" if registered.pose is None else "on a new section"
                ] += 1
            else:
                first = pose if first is None else first
                off = first @ registered.pose.matrix - pose
                self.off_px["drift"].append(float(np.hypot(*(off @ MIDDLE)[:2])))
            before = pose
            names.add(tracked.update.visible, tracked.update.merged, marks, pose)
            here.append([finding for _, finding in tracked.update.visible])
            stand_in = Frame(_NO_PICTURE, index, str(index), wall.name, now_s, now_s)
            shown.append(Shown(stand_in, crack_map, visible, marks, pose))
        tracker.end_tracks()
        names.close(self.identities)
        add_score(self.score, shown, here)
        self.shown.append(shown)

    def stages(self, frames: Iterable[Frame]) -> None:
        """Time the stages one by one."""
        image: RegistrationImage | None = None
        for frame in frames:
            self._timed("sharpness", measure_detail, frame.rgb)
            older = image
            image = self._timed("motion: shrink", make_registration_image, frame.rgb)
            if older is not None:
                self._timed("motion: estimate", estimate_motion, older, image)

    def single(self, shift: float = 0.0) -> Score:
        """Score single-frame decisions, with all thresholds shifted by some log-odds."""

        def shifted(threshold: float) -> float:
            return float(sigmoid(logit(np.array(threshold, np.float32)) + np.float32(shift)))

        joined = self.rule.joined
        rule = replace(
            self.rule,
            cell=shifted(self.rule.cell),
            patch=shifted(self.rule.patch),
            joined=None if joined is None else shifted(joined),
        )
        score = Score()
        for shown in self.shown:
            findings = [find_cracks(one.crack_map, one.frame, rule) for one in shown]
            add_score(score, shown, findings)
        return score

    def _crack_map(self, frame: Frame, visible: Labels, rng: np.random.Generator) -> CrackMap:
        if self.model is not None:
            found: CrackMap = self._timed("model", self.model.crack_map, frame.rgb)
            return found
        sure = np.where(visible > 0, 3.0, -3.0) + rng.normal(0, self.oracle_noise, visible.shape)
        return sigmoid(sure.astype(np.float32))

    def _timed(self, name: str, stage: Any, *given: Any) -> Any:
        began_s = time.thread_time()
        result = stage(*given)
        self.took_s[name].append(time.thread_time() - began_s)
        return result


class _Names:
    """Which identities one wall's cracks were given."""

    def __init__(self, cell_px: int) -> None:
        self.cell_px = cell_px
        self.votes: dict[int, Counter[int]] = defaultdict(Counter)
        self.named: dict[int, int] = {}
        self.into: dict[int, int] = {}
        self.wall_blocks: dict[int, set[tuple[int, int]]] = defaultdict(set)
        self.switches = 0

    def add(
        self, here: Iterable[Any], absorbed: dict[int, int], marks: Labels, pose: Matrix
    ) -> None:
        self.into.update(absorbed)
        largest: dict[int, tuple[int, int]] = {}
        for track, finding in here:
            crack = crack_of(finding, marks)
            self.votes[track.number][crack] += 1
            rows, cols = np.array(finding.cells).T + 0.5
            at = pose @ np.stack([cols, rows, np.ones(len(rows)) / self.cell_px]) * self.cell_px
            self.wall_blocks[track.number] |= set(map(tuple, (at[:2] // _PLACE_PX).T.astype(int)))
            if crack:
                largest[crack] = max(largest.get(crack, (0, 0)), (len(finding.cells), track.number))
        for crack, (_, number) in largest.items():
            self.switches += self.named.get(crack, number) != number
            self.named[crack] = number

    def close(self, identities: Identities) -> None:
        for gone in sorted(self.into, reverse=True):
            self.votes[self.into[gone]].update(self.votes.pop(gone, Counter()))
            self.wall_blocks[self.into[gone]] |= self.wall_blocks.pop(gone, set())
        owner = {n: votes.most_common(1)[0][0] for n, votes in self.votes.items() if votes}
        identities.findings += len(owner)
        identities.on_no_crack += sum(crack == 0 for crack in owner.values())
        identities.on_cracks += sum(crack != 0 for crack in owner.values())
        identities.cracks += len(set(owner.values()) - {0})
        for number, crack in owner.items():
            mine = self.wall_blocks[number]
            others = [n for n in owner if n < number and owner[n] == crack and crack]
            shared = max((len(mine & self.wall_blocks[n]) for n in others), default=0)
            identities.doubles += shared > 0.3 * len(mine)
        identities.switches += self.switches
        identities.absorbed += len(self.into)


def crack_of(finding: Finding, marks: Labels) -> int:
    """The crack that a finding is mainly on, 0 for none."""
    under = marks[tuple(np.array(finding.cells).T)]
    on = under[under > 0]
    return int(np.bincount(on).argmax()) if len(on) >= _HIT * len(under) else 0


def add_score(score: Score, shown: list[Shown], findings: list[list[Finding]]) -> None:
    """Add the findings of one wall's frames."""
    seen: set[int] = set()
    found: set[int] = set()
    places: set[tuple[int, int]] = set()
    for one, in_frame in zip(shown, findings, strict=True):
        cells = Counter(one.visible[one.visible > 0].tolist())
        visible = {crack for crack, count in cells.items() if count >= _LEAST_CELLS}
        hit: set[int] = set()
        for finding in in_frame:
            if crack_of(finding, one.marks):
                score.true_marks += 1
                # A finding may cover a second crack that it touches.
                under = Counter(one.marks[tuple(np.array(finding.cells).T)].tolist())
                hit |= {crack for crack, count in under.items() if crack and count >= 2}
                hit.add(crack_of(finding, one.marks))
            else:
                score.false_marks += 1
                box = finding.box
                at = one.pose @ ((box.left + box.right) / 2, (box.top + box.bottom) / 2, 1)
                places.add((int(at[0] // _PLACE_PX), int(at[1] // _PLACE_PX)))
        score.visible += len(visible)
        score.hit += len(visible & hit)
        seen |= visible
        found |= visible & hit
    score.frames += len(shown)
    score.cracks += len(seen)
    score.cracks_hit += len(found)
    score.false_places += len(places)


def write_clip(clip: Path, wall: WallPicture, speed_px: float, seed: int) -> int:
    """Write what the camera sees as an MP4; returns the number of frames."""
    rng = np.random.default_rng(seed)
    video = AnnotatedVideo(clip, RATE_FPS)
    before: Matrix | None = None
    for pose in path(wall, speed_px, rng):
        video.add(shoot(wall, pose, pose if before is None else before, rng))
        before = pose
    video.close()
    return video.count


def at_equal_recall(bench: Bench) -> tuple[float, Score]:
    """Single-frame decisions at the highest thresholds that reach the recall of following.

    If none does, because components grow together as the thresholds fall, those of the best recall.
    """
    best = 0.0, bench.single()
    for shift in np.arange(3, -5, -0.25).tolist():
        score = bench.single(shift)
        if score.hit > best[1].hit or score.hit >= bench.score.hit:
            best = shift, score
        if score.hit >= bench.score.hit:
            break
    return best


def at_equal_cracks(bench: Bench) -> tuple[float, Score]:
    """Single-frame decisions at the highest thresholds that find as many of the cracks, in any of
    the frames that show them, as following does."""
    for shift in np.arange(3, -5, -0.25).tolist():
        score = bench.single(shift)
        if score.cracks_hit >= bench.score.cracks_hit:
            break
    return shift, score


def at_equal_false(bench: Bench) -> tuple[float, Score]:
    """Single-frame decisions at the lowest thresholds with no more false findings than following.

    A crack that is in view for fifty frames has fifty chances to be hit once, and so has each
    look-alike: recall in any frame means nothing without the false findings that it costs. A false
    finding of single frames is counted once for its place, as following would count it.
    """
    for shift in np.arange(-1, 6, 0.25).tolist():
        score = bench.single(shift)
        if score.false_places <= bench.identities.on_no_crack:
            break
    return shift, score


def report(bench: Bench) -> dict[str, Any]:
    """All figures, for JSON."""
    names = bench.identities
    shift, equal = at_equal_recall(bench)
    by_cracks, as_many = at_equal_cracks(bench)
    harder, sparing = at_equal_false(bench)
    frames = max(bench.score.frames, 1)
    false_ids = 100 * names.on_no_crack / frames
    return {
        "frames": frames,
        "following": bench.score.figures(),
        "identities": {
            **asdict(names),
            "duplicates_per_crack": names.on_cracks / max(names.cracks, 1),
            "false_findings_per_100_frames": false_ids,
        },
        "single_frame": bench.single().figures(),
        "single_frame_at_equal_recall": {"thresholds_shifted": shift, **equal.figures()},
        "single_frame_at_equal_cracks": {"thresholds_shifted": by_cracks, **as_many.figures()},
        "single_frame_at_equal_false": {"thresholds_shifted": harder, **sparing.figures()},
        "fewer_false": {
            "findings": equal.false_marks / max(names.on_no_crack, 1),
            "places": equal.false_places / max(names.on_no_crack, 1),
            "marks": equal.false_marks / max(bench.score.false_marks, 1),
            "findings_at_equal_cracks": as_many.false_marks / max(names.on_no_crack, 1),
            "places_at_equal_cracks": as_many.false_places / max(names.on_no_crack, 1),
        },
        "off_px": {
            name: {"p50": float(np.median(v)), "p95": float(np.quantile(v, 0.95)), "max": max(v)}
            for name, v in bench.off_px.items()
        },
        "ms": {name: round(float(np.median(v)) * 1e3, 2) for name, v in bench.took_s.items()},
        "verdicts": dict(bench.verdicts),
    }


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--model", "model_name", help="A shipped model's name, or a .tflite file.")
@click.option("--oracle", "noise", type=float, help="No model: the cracks' own map, log-odds of "
              "3 with noise of this deviation. An upper bound, no measurement.")  # fmt: skip
@click.option("--operating-point", "point", default="default", show_default=True)
@click.option("--walls", "count", default=6, show_default=True)
@click.option("--speed", default=16.0, show_default=True, help="Frame px a frame.")
@click.option("--seed", default=0, show_default=True)
@click.option("--clip", type=click.Path(dir_okay=False, path_type=Path), help="Only write what the "
              "camera sees of the first wall, an MP4 to be scanned.")  # fmt: skip
def main(
    data: Path,
    model_name: str | None,
    noise: float | None,
    point: str,
    count: int,
    speed: float,
    seed: int,
    clip: Path | None,
) -> None:
    """Pan over walls made of the pictures in DATA and print all figures as JSON."""
    cv2.setNumThreads(1)
    if clip is not None:
        frames = write_clip(clip, next(walls(data, 1, seed)), speed, seed)
        click.echo(f"{clip}: {frames} frames")
        return
    model = Model.load(model_name, threads=1) if noise is None else None
    rule = Rule.of(model.card, point) if model else Rule(0.5, 0.7, 4, 16)
    bench = Bench(model, noise or 0.0, rule, speed)
    for number, wall in enumerate(walls(data, count, seed)):
        bench.pan(wall, seed + number)
        click.echo(f"{wall.name}: {len(bench.shown[-1])} frames", err=True)
        if number == 0:
            rng = np.random.default_rng(seed)
            poses = list(path(wall, speed, rng))[:40]
            pictures = [shoot(wall, pose, pose, rng) for pose in poses]
            bench.stages(Frame(p, 0, "", "", 0.0, 0.0) for p in pictures)
    click.echo(json.dumps(report(bench), indent=2))


if __name__ == "__main__":
    main()

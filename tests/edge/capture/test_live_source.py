"""Live sources yield the newest frame, report problems, and recover from failures."""

import itertools
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from crackscan.core.errors import SourceError
from crackscan.edge.capture import SourceState
from crackscan.edge.capture.capture_device import BgrFrame, CaptureDevice, Pixels
from crackscan.edge.capture.live_source import LiveSource
from crackscan.edge.capture.supervision import SupervisionParameters

RED, BLUE = (220, 20, 20), (20, 20, 220)
SHORT = SupervisionParameters(
    first_picture_s=1.5,
    next_picture_s=0.6,
    frozen_s=0.6,
    stale_s=0.3,
    cover_check_s=0.05,
    first_backoff_s=0.05,
    longest_backoff_s=0.2,
    hung_s=0.3,
)


class Camera:
    """A camera as its driver presents it: a picture every 5 ms, or what `read` returns."""

    def __init__(self, read: Callable[[int], Pixels | None]) -> None:
        self.count = itertools.count()
        self.answer = read
        self.closed = threading.Event()

    def read(self) -> BgrFrame | None:
        time.sleep(0.005)
        bgr = self.answer(next(self.count))
        return None if bgr is None else BgrFrame(bgr)

    def close(self) -> None:
        self.closed.set()


def moving(number: int) -> Pixels:
    """Red left, blue right in BGR, and a corner that differs from picture to picture."""
    bgr = np.empty((48, 64, 3), np.uint8)
    bgr[:, :32], bgr[:, 32:] = RED[::-1], BLUE[::-1]
    bgr[:16, :16] = 50 + number % 200
    return bgr


def still(_number: int) -> Pixels:
    return moving(0)


def unplugged(number: int) -> Pixels | None:
    return moving(number) if number < 3 else None


def blocked(number: int) -> Pixels:
    if number > 2:
        time.sleep(4)
    return moving(number)


def broken(number: int) -> Pixels:
    if number > 2:
        raise RuntimeError("ioctl")
    return moving(number)


def black(number: int) -> Pixels:
    return moving(number) // 20


def covered(number: int) -> Pixels:
    noise = np.random.default_rng(number).normal(60, 5, (240, 320, 3))
    return np.asarray(noise + np.linspace(0, 40, 320)[:, None], np.uint8)


class Bench:
    """Opens one camera after another, and then the last one again and again."""

    def __init__(self, *reads: Callable[[int], Pixels | None] | SourceError) -> None:
        self.reads = reads
        self.opened: list[Camera] = []
        self.attempts = 0

    def open(self) -> CaptureDevice:
        read = self.reads[min(self.attempts, len(self.reads) - 1)]
        self.attempts += 1
        if isinstance(read, SourceError):
            raise read
        self.opened.append(Camera(read))
        return self.opened[-1]

    def source(
        self,
        every: int = 1,
        parameters: SupervisionParameters = SHORT,
        give_up_s: float | None = None,
    ) -> LiveSource:
        return LiveSource("0", "camera 0", self.open, every, parameters, give_up_s)


def until(wanted: Callable[[], bool], within_s: float = 5.0) -> bool:
    end_s = time.monotonic() + within_s
    while not wanted() and time.monotonic() < end_s:
        time.sleep(0.01)
    return wanted()


def test_a_slow_reader_gets_the_newest_frame_and_counts_dropped_ones() -> None:
    bench = Bench(moving)
    with bench.source() as source:
        frames = []
        for frame in source:
            frames.append(frame)
            assert time.monotonic() - frame.monotonic_s < 0.5
            time.sleep(0.05)
            if len(frames) == 5:
                source.stop()
    assert source.live and bench.opened[0].closed.is_set()
    assert np.allclose(frames[0].rgb[20:, :24], RED) and np.allclose(frames[0].rgb[:, 40:], BLUE)
    numbers = [frame.index for frame in frames]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] + 1 - len(frames) <= source.dropped
    assert source.dropped > 5
    assert source.gaps == [] and source.condition.good


def test_every_second_new_frame() -> None:
    with Bench(moving).source(every=2) as source:
        frames = list(itertools.islice(source, 5))
    assert frames[-1].index >= 8


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (unplugged, "stopped giving pictures"),
        (blocked, "gave no picture for 0.6 s"),
        (broken, "failed: ioctl"),
        (still, "gives the same picture again and again; .*shows the same picture for 0.6 s"),
    ],
)
def test_a_failed_device_is_opened_again_and_leaves_a_gap(
    read: Callable[[int], Pixels | None], reason: str
) -> None:
    bench = Bench(read, SourceError("camera 0 is unplugged"), moving)
    began_s = time.monotonic()
    with bench.source() as source:
        frame = next(frame for frame in source if source.gaps)
        assert source.condition.good
        frames = list(itertools.islice(source, 3))
    assert bench.attempts == 3 and len(source.gaps) == 1
    gap = source.gaps[0]
    assert pytest.approx(gap.seconds, abs=0.2) == frame.monotonic_s - gap.began_s
    assert gap.began_s >= began_s and "camera 0 is unplugged" in gap.why
    assert re.search(reason, gap.why)
    assert [one.index for one in frames] == sorted({one.index for one in frames})
    assert frames[0].index > frame.index


def test_the_condition_says_what_is_wrong_while_no_picture_arrives() -> None:
    bench = Bench(unplugged, SourceError("camera 0 is unplugged"))
    texts = set()
    with bench.source() as source:
        reader = threading.Thread(target=lambda: list(source), daemon=True)
        reader.start()
        assert until(lambda: bench.attempts > 4)
        for _ in range(50):
            texts.add(source.condition.text)
            time.sleep(0.01)
        assert source.condition.state is SourceState.LOST
        assert "camera 0 is unplugged; trying again in 0.2 s" in texts
        source.stop()
        reader.join(1)
        assert not reader.is_alive()
    assert len(source.gaps) == 1  # the one that was still open when the source was closed


def test_the_backoff_doubles_up_to_its_limit() -> None:
    attempts: list[float] = []
    bench = Bench(unplugged, SourceError("away"))
    open_camera = bench.open

    def open_noted() -> CaptureDevice:
        attempts.append(time.monotonic())
        return open_camera()

    limits = replace(SHORT, first_backoff_s=0.1, longest_backoff_s=0.4)
    with LiveSource("0", "camera 0", open_noted, 1, limits):
        assert until(lambda: len(attempts) > 5)
    waits = np.diff(attempts)[1:5]
    assert waits == pytest.approx([0.2, 0.4, 0.4, 0.4], abs=0.25)
    assert waits[0] < waits[2]


@pytest.mark.parametrize(
    ("read", "state"),
    [(black, SourceState.BLACK), (covered, SourceState.COVERED), (moving, SourceState.GOOD)],
)
def test_black_and_covered_pictures_are_yielded_and_reported(
    read: Callable[[int], Pixels], state: SourceState
) -> None:
    with Bench(read).source() as source:
        frames = iter(source)
        assert until(lambda: next(frames) is not None and source.condition.state is state)
        assert source.condition.text or state is SourceState.GOOD


def test_a_removed_lens_cap_leaves_a_gap() -> None:
    bench = Bench(lambda number: moving(number) if not 40 < number < 600 else black(number))
    with bench.source() as source:
        for _ in source:
            if source.gaps:
                break
    assert len(source.gaps) == 1 and source.gaps[0].why == "camera 0 gives black pictures"
    assert source.gaps[0].seconds > 2 and bench.attempts == 1


def test_a_short_problem_is_not_a_gap() -> None:
    bench = Bench(lambda number: moving(number) if not 40 < number < 80 else black(number))
    with bench.source() as source:
        for frame in source:
            if frame.index > 150:
                break
    assert source.gaps == []


def test_a_hesitating_camera_is_stale_before_it_is_lost() -> None:
    def hesitating(number: int) -> Pixels:
        if number == 5:
            time.sleep(0.5)
        return moving(number)

    states = set()
    with Bench(hesitating).source() as source:
        reader = threading.Thread(target=lambda: list(source), daemon=True)
        reader.start()
        for _ in range(150):
            states.add(source.condition.state)
            time.sleep(0.005)
        source.stop()
        reader.join()
    assert SourceState.STALE in states and SourceState.LOST not in states and source.gaps == []


def test_pictures_that_arrive_late_are_stale() -> None:
    class Late(Camera):
        def read(self) -> BgrFrame:
            time.sleep(0.005)
            return BgrFrame(moving(next(self.count)), time.monotonic() - 3)

    with LiveSource("0", "camera 0", lambda: Late(moving), 1, SHORT) as source:
        frame = next(iter(source))
        assert source.condition.state is SourceState.STALE
    assert time.monotonic() - frame.monotonic_s > 2.9
    assert time.time() - frame.wall_s > 2.9


def test_equal_pictures_are_yielded_once() -> None:
    with Bench(lambda number: moving(number // 4)).source() as source:
        frames = list(itertools.islice(source, 5))
    assert len({int(frame.rgb[0, 0, 0]) for frame in frames}) == 5


@pytest.mark.parametrize("read", [SourceError("there is no camera 0"), lambda _: None, blocked])
def test_a_camera_that_never_gives_a_picture_is_an_error(
    read: Callable[[int], Pixels | None] | SourceError,
) -> None:
    def hung(_number: int) -> Pixels:
        time.sleep(4)
        return moving(0)

    began_s = time.monotonic()
    bench = Bench(hung if read is blocked else read)
    with pytest.raises(SourceError, match="camera 0"), bench.source() as source:
        list(source)
    assert time.monotonic() - began_s < 6
    assert (bench.attempts == 1) == (isinstance(read, SourceError) or read is blocked)


def test_a_stream_that_opens_before_it_gives_pictures_is_waited_for() -> None:
    bench = Bench(lambda _: None, lambda _: None, moving)
    with bench.source() as source:
        frames = list(itertools.islice(source, 3))
    assert bench.attempts == 3 and [frame.index for frame in frames] == sorted(
        {frame.index for frame in frames}
    )


def test_a_source_gives_up_only_if_asked_to() -> None:
    bench = Bench(unplugged, SourceError("camera 0 is unplugged"))
    with (
        pytest.raises(SourceError, match="unplugged; given up after"),
        bench.source(give_up_s=1.0) as source,
    ):
        list(source)
    assert bench.attempts > 2


def test_a_driver_that_hangs_each_time_ends_the_source() -> None:
    never = threading.Event()

    def hung(_number: int) -> Pixels:
        never.wait(20)
        return moving(0)

    bench = Bench(lambda number: moving(number) if number < 3 else hung(number), hung)
    with pytest.raises(SourceError, match="its driver hangs"), bench.source() as source:
        list(source)
    assert bench.attempts == 3
    never.set()
    assert until(lambda: all(camera.closed.is_set() for camera in bench.opened))


def test_closing_leaves_no_thread() -> None:
    before = threading.active_count()
    for _ in range(5):
        with Bench(moving).source() as source:
            next(iter(source))
    assert until(lambda: threading.active_count() == before)

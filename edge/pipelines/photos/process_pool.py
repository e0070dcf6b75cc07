"""Processes photographs on all cores of this machine: workers with one model each."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from crackscan.core.errors import CrackscanError
from crackscan.edge.pipelines.photos.values import Method, PhotoResult, Task

if TYPE_CHECKING:
    from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector

MB_EACH = 500
"""Memory that a worker may need: 394 MB for a photograph of 48 megapixels with 24 cracks."""
DEADLINE_S = 900.0
"""A photograph that takes longer is given up, and the worker with it."""
START_S = 120.0
_POLL_S = 0.2
_DEATHS = 2
"""Workers that may die of one photograph before it is skipped, or be killed at the start."""
_STARTING = ""
"""Stands for the photograph's name before a worker has one."""


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: Task | None = None
    since_s: float = 0.0
    ready: bool = False


class SerialPool:
    """This process, one photograph after the other; for one photograph, or a few."""

    def __init__(self, detector: "PhotoDetector") -> None:
        self.detector = detector

    def process_photos(
        self, tasks: Iterable[Task], stopped: Callable[[], bool]
    ) -> Iterator[PhotoResult]:
        """As `PhotoPool.process_photos`, but ends only after the present photograph."""
        for task in tasks:
            if stopped():
                return
            yield self.detector.process_file(task)


class ProcessPool:
    """Worker processes, each with one photograph at a time; one that dies is replaced."""

    def __init__(self, method: Method, workers: int) -> None:
        self.method = method
        self.workers = workers

    def process_photos(
        self, tasks: Iterable[Task], stopped: Callable[[], bool]
    ) -> Iterator[PhotoResult]:
        """As `PhotoPool.process_photos`; raises CrackscanError if no process can be started."""
        waiting = iter(tasks)
        again: list[Task] = []
        deaths: dict[str, int] = {}
        workers: list[_Worker] = []

        def next_task() -> Task | None:
            return again.pop() if again else next(waiting, None)

        def hand_out(worker: _Worker) -> None:
            worker.task = next_task()
            if worker.task is not None:
                worker.since_s = time.monotonic()
                worker.pipe.send(worker.task)

        try:
            first = next_task()
            if first is None:
                return
            again.append(first)
            workers += [self._start() for _ in range(self.workers)]
            while not stopped():
                for worker in list(workers):
                    if worker.ready and worker.task is None:
                        hand_out(worker)
                        if worker.task is None:
                            workers.remove(worker)
                            self._end(worker)
                if not workers:
                    return
                ready = wait([worker.pipe for worker in workers], _POLL_S)
                for worker in list(workers):
                    late = self._late(worker)
                    if worker.pipe not in ready and not late:
                        continue
                    answer = None if late else _receive_answer(worker)
                    if isinstance(answer, PhotoResult):
                        hand_out(worker)  # it goes on while this one is recorded
                        yield answer
                    elif answer is None:
                        workers.remove(worker)
                        yield from self._replace_dead(worker, late, deaths, again)
                        workers.append(self._start())
        finally:
            for worker in workers:
                self._end(worker)

    def _start(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_run_worker, args=(theirs, self.method), daemon=True)
        with _one_thread(), _ignoring_ctrl_c():
            process.start()
        theirs.close()
        return _Worker(process, ours, since_s=time.monotonic())

    def _end(self, worker: _Worker) -> None:
        worker.pipe.close()
        worker.process.kill()
        worker.process.join(5)

    def _late(self, worker: _Worker) -> bool:
        limit_s = DEADLINE_S if worker.ready else START_S
        busy = worker.task is not None or not worker.ready
        return busy and time.monotonic() - worker.since_s > limit_s

    def _replace_dead(
        self, worker: _Worker, late: bool, deaths: dict[str, int], again: list[Task]
    ) -> Iterator[PhotoResult]:
        """End a worker, and give up the photograph that ends worker after worker."""
        self._end(worker)
        code = worker.process.exitcode
        if not worker.ready:
            deaths[_STARTING] = deaths.get(_STARTING, 0) + 1
            killed = not late and code is not None and code < 0
            if killed and deaths[_STARTING] < _DEATHS:
                return  # out of memory, or killed by a person: another is started in its place
            why = "does not start" if late else f"ended at once (exit code {code})"
            raise CrackscanError(f"a worker process {why}")
        task = worker.task
        if task is None:
            return
        deaths[task.name] = deaths.get(task.name, 0) + 1
        if late:
            reason = f"took longer than {DEADLINE_S / 60:.0f} minutes"
        elif deaths[task.name] < _DEATHS:
            again.append(task)
            return
        else:
            reason = "ended its worker process: " + (
                f"{signal.Signals(-code).name}, perhaps out of memory"
                if code is not None and code < 0
                else f"exit code {code}"
            )
        yield PhotoResult(task.name, task.index, skipped=reason)


def default_workers() -> int:
    """One worker for each core that this process may use, as far as the free memory allows."""
    return max(1, min(len(os.sched_getaffinity(0)), _free_mb() // MB_EACH))


def _free_mb() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return MB_EACH
    found = (line.split() for line in lines if line.startswith("MemAvailable:"))
    return next((int(words[1]) // 1024 for words in found), MB_EACH)


def _receive_answer(worker: _Worker) -> PhotoResult | bool | None:
    """What a worker sent: True once it is ready, None if it is dead.

    Raises the CrackscanError that kept it from starting.
    """
    try:
        answer = worker.pipe.recv()
    except (EOFError, OSError):
        return None
    if isinstance(answer, CrackscanError):
        raise answer
    if isinstance(answer, PhotoResult):
        return answer
    worker.ready = True
    return True


def _run_worker(pipe: Connection, method: Method) -> None:
    """A worker: one photograph after the other, until the pipe is closed at the other end."""
    import cv2

    from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector

    cv2.setNumThreads(1)
    try:
        try:
            detector = PhotoDetector(method)
            pipe.send("ready")
            while True:
                pipe.send(detector.process_file(pipe.recv()))
        except CrackscanError as error:
            pipe.send(error)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the process that asked is gone


@contextmanager
def _one_thread() -> Iterator[None]:
    """What is started inside computes with one thread per process."""
    names = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _ignoring_ctrl_c() -> Iterator[None]:
    """What is started inside leaves Ctrl-C to the process that started it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

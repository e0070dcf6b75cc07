"""Processes photographs on a Dask cluster whose workers see the same folder."""

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crackscan.core.errors import CrackscanError
from crackscan.edge.pipelines.photos.detect_photo import PhotoDetector
from crackscan.edge.pipelines.photos.process_pool import DEADLINE_S
from crackscan.edge.pipelines.photos.values import Method, PhotoResult, Task

CONNECT_S = 10.0
"""The scheduler has to answer within this,"""
WORKERS_S = 30.0
"""and the first worker has to be there."""
ALONE_S = 120.0
"""A cluster that has lost all its workers is given up after this."""
AHEAD = 3
"""Photographs sent ahead for each thread of the cluster, so that no worker waits."""
_POLL_S, _CHECK_S = 0.2, 5.0


@dataclass(frozen=True)
class ModelContent:
    """A model file's content, for workers that do not have it."""

    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.blake2b(self.content, digest_size=16).hexdigest()


class DaskPool:
    """The workers of a Dask cluster; a photograph whose worker dies goes to another one."""

    def __init__(self, method: Method, scheduler: str, folder: Path) -> None:
        """Raises CrackscanError if Dask is not installed; connects later."""
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise CrackscanError(
                "a Dask cluster needs the packages dask and distributed: pip install "
                "'crackscan[dask]'"
            ) from None
        self.method = method
        self.scheduler = scheduler
        self.folder = folder.resolve()

    def process_photos(
        self, tasks: Iterable[Task], stopped: Callable[[], bool]
    ) -> Iterator[PhotoResult]:
        """As `PhotoPool.process_photos`.

        Raises CrackscanError if the scheduler cannot be reached, is lost, or has no workers, and if
        they lack crackscan or do not see the folder.
        """
        waiting = iter(tasks)
        first = next(waiting, None)
        if first is None:
            return
        client = self._connect()
        try:
            ahead = self._prepare(client) * AHEAD
            yield from self._process(client, first, waiting, ahead, stopped)
        finally:
            _close(client)

    def _process(
        self,
        client: Any,
        first: Task,
        waiting: Iterator[Task],
        ahead: int,
        stopped: Callable[[], bool],
    ) -> Iterator[PhotoResult]:
        model = ModelContent(Path(self.method.model).read_bytes())
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        under_way: dict[str, tuple[Any, Task]] = {}
        upcoming: Task | None = first
        health = _Health(self.scheduler)
        while not stopped():
            while upcoming is not None and len(under_way) < ahead:
                task = replace(upcoming, path=os.path.abspath(upcoming.path))  # noqa: PTH100
                future = client.submit(process_task, task, self.method, model, pure=False)
                under_way[future.key] = future, task
                future.add_done_callback(done.put)
                upcoming = next(waiting, None)
            if not under_way:
                return
            health.check(client)
            try:
                finished = done.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if finished.status in ("lost", "pending"):
                # Its worker went before the result was fetched: another worker does it again.
                finished.add_done_callback(done.put)
                continue
            future, task = under_way.pop(finished.key)
            yield self._result(future, task)
            health.good()

    def _result(self, future: Any, task: Task) -> PhotoResult:
        from distributed import KilledWorker

        error = future.exception() if future.status == "error" else None
        if future.status == "finished":
            result: PhotoResult = future.result()
            if "does not exist" in result.skipped and Path(task.path).exists():
                raise CrackscanError(
                    f"a worker of {self.scheduler} does not see {task.path}: all of them need the "
                    "folder under the same path"
                )
            return result
        if isinstance(error, KilledWorker):
            return PhotoResult(task.name, task.index, skipped="ended each worker it was sent to")
        if isinstance(error, CrackscanError):
            raise error
        if error is None:
            raise CrackscanError(f"the scheduler {self.scheduler} is lost: run it again to go on")
        what = " ".join(str(error).split())[:200]
        raise CrackscanError(
            f"the workers of {self.scheduler} fail: {type(error).__name__}: {what}"
        )

    def _connect(self) -> Any:
        import logging

        import distributed

        client: Any = distributed.Client
        for name in ("distributed", "distributed.client", "distributed.core", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            return client(self.scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            why = " ".join(str(error).split())[:150] or type(error).__name__
            raise CrackscanError(
                f"no Dask scheduler answers at {self.scheduler} within {CONNECT_S:.0f} s ({why})"
            ) from None

    def _prepare(self, client: Any) -> int:
        """How many threads the cluster has; each worker knows crackscan and sees the folder."""
        try:
            client.wait_for_workers(1, timeout=WORKERS_S)
        except TimeoutError:
            raise CrackscanError(
                f"the cluster of {self.scheduler} has no workers: start some with `dask worker "
                f"{self.scheduler}`"
            ) from None
        try:
            sees: dict[str, bool] = client.run(sees_folder, str(self.folder))
        except Exception as error:
            what = " ".join(str(error).split())[:150]
            raise CrackscanError(
                f"the workers of {self.scheduler} cannot run crackscan; install the same version "
                f"there ({type(error).__name__}: {what})"
            ) from None
        blind = [address for address, one in sees.items() if not one]
        if blind:
            raise CrackscanError(
                f"the worker {blind[0]} does not see {self.folder}: all of them need the folder "
                "under the same path"
            )
        threads: int = sum(client.nthreads().values())
        return max(threads, 1)


class _Health:
    """Notices that the scheduler, or every worker, is gone for good."""

    def __init__(self, scheduler: str) -> None:
        self._scheduler = scheduler
        self._checked_s = self._workers_s = self._came_s = time.monotonic()

    def good(self) -> None:
        """A photograph came back."""
        self._workers_s = self._came_s = time.monotonic()

    def check(self, client: Any) -> None:
        """Raises CrackscanError if nothing is left to wait for."""
        now = time.monotonic()
        if client.status in ("closed", "closing"):
            raise CrackscanError(f"the scheduler {self._scheduler} is lost: run it again to go on")
        if now - self._checked_s < _CHECK_S:
            return
        self._checked_s = now
        if client.status == "running" and client.nthreads():
            self._workers_s = now
        if now - self._came_s > DEADLINE_S:
            raise CrackscanError(
                f"no photograph came back from {self._scheduler} for {DEADLINE_S / 60:.0f} "
                "minutes: check its workers, then run it again to go on"
            )
        if now - self._workers_s > ALONE_S:
            raise CrackscanError(
                f"the cluster of {self._scheduler} has had no workers for {ALONE_S:.0f} s: "
                "run it again to go on"
            )


def sees_folder(folder: str) -> bool:
    """On a worker: whether the folder is there, and crackscan with all it needs."""
    return Path(folder).is_dir()


def process_task(task: Task, method: Method, model: ModelContent) -> PhotoResult:
    """On a worker: process a photograph, with a model for each of its threads."""
    result = _thread_detector(method, model).process_file(task)
    if result.file is None and not Path(task.path).exists():
        return replace(result, skipped="does not exist")
    return result


_local = threading.local()


def _thread_detector(method: Method, model: ModelContent) -> PhotoDetector:
    import cv2

    wanted = replace(method, model=model.digest)
    if getattr(_local, "method", None) != wanted:
        cv2.setNumThreads(1)
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{Path(method.model).stem}.tflite"
            path.write_bytes(model.content)
            _local.detector = PhotoDetector(replace(method, model=str(path)))
        _local.method = wanted
    detector: PhotoDetector = _local.detector
    return detector


def _close(client: Any) -> None:
    """Release the cluster, also if it does not answer; what it still holds is dropped."""
    with suppress(Exception):
        client.close(timeout=2)

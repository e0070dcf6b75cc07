"""Reads frames from a source in a thread of its own, one for each request."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from crackscan.edge.capture import Source
from crackscan.edge.pipelines.live.events import FrameArrived, SourceEnded

_STOP_S = 5.0
"""How long the end of a failed scan waits for a source that does not answer."""


class FrameReader:
    """Hands the owner of a scan one frame per request; use it in a `with` block.

    A frame is read only when it is requested, so that a live source gives its newest, and no frame
    of a video is held longer than needed. After the last frame comes one `SourceEnded`.
    """

    def __init__(
        self, source: Source, post: Callable[[FrameArrived | SourceEnded], object]
    ) -> None:
        self._source = source
        self._post = post
        self._requested = threading.Semaphore(0)
        self._ended = threading.Event()
        self._reading = False
        self._thread = threading.Thread(target=self._run, name="frame reader", daemon=True)

    def request_frame(self) -> None:
        """Ask for the next frame; does not wait for it."""
        self._reading = True
        self._requested.release()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if error is not None and self._reading:
            self._source.stop()  # else the thread would wait for a frame that nobody wants
        self._requested.release()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._requested.acquire()
            if not self._ended.is_set():
                for frame in self._source:
                    self._reading = False
                    self._post(FrameArrived(frame))
                    del frame  # its memory is the owner's from now on
                    self._requested.acquire()
                    if self._ended.is_set():
                        return
        except BaseException as caught:
            error = caught
        if not self._ended.is_set():
            self._post(SourceEnded(error))

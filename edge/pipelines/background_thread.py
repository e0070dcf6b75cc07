"""A thread that works in the background of a `with` block."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

_JOIN_S = 10.0
"""How long the end of the block waits for a thread that waits for a disk."""


class BackgroundThread(ABC):
    """Begins with the block, if it is `enabled`; `_run` must return once `_ended` is set."""

    def __init__(self, name: str, enabled: bool = True) -> None:
        self._enabled = enabled
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        if self._enabled:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
        self._finish()

    @abstractmethod
    def _run(self) -> None:
        """The work of the thread."""

    def _finish(self) -> None:  # noqa: B027 (most have nothing left to do)
        """The work that is left at the end of the block, when the thread has returned."""

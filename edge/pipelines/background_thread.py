"""A thread that works beside something, for as long as a `with` block lasts."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Beside(ABC):
    """Its `_run` begins with the block, where it is `wanted`, and returns once `_ended` is set."""

    def __init__(self, name: str, wanted: bool = True) -> None:
        self._wanted = wanted
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        if self._wanted:
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
            self._thread.join()
        self._after()

    @abstractmethod
    def _run(self) -> None:
        """What the thread does."""

    def _after(self) -> None:  # noqa: B027 (most have nothing left to do)
        """What is left to do at the block's end, when the thread has returned."""

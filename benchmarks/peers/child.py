"""A contender's process, asked and answering line by line."""

import json
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ANSWER_S = 1800.0
"""A contender that is silent for longer is given up."""


class GoneError(Exception):
    """A contender that ended or fell silent, with its last message."""


class Child:
    """One contender with some threads; use it in a `with` block."""

    def __init__(
        self, python: Path, name: str, files: Path, threads: int, variables: Mapping[str, str]
    ) -> None:
        """Raises GoneError where it does not open."""
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0"}
        quiet["YOLO_CONFIG_DIR"] = str(files)
        self.name = name
        self._process = subprocess.Popen(
            [
                str(python),
                "-m",
                f"crackscan.benchmarks.contenders.{name}",
                str(files),
                str(threads),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=files,
            env={**variables, **dict.fromkeys(THREADS, str(threads)), **quiet},
        )
        self._said = ""
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        ready = self._answer()
        self.runs_on, self.ready_s = str(ready["runs_on"]), float(ready["ready_s"])

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self._end(30)

    def ask(self, **order: object) -> dict[str, Any]:
        """Give an order of the workers' protocol and wait for its answer. Raises GoneError."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._gone("ended") from None
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        watch = threading.Timer(ANSWER_S, self._process.kill)
        watch.start()
        line = self._process.stdout.readline()
        watch.cancel()
        if not line:
            raise self._gone("ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said = line.strip() or self._said

    def _gone(self, how: str) -> GoneError:
        self._end(5)
        return GoneError(f"{how}: {self._said[:200]}" if self._said else how)

    def _end(self, patience_s: float) -> None:
        """Let the process end, because no orders come, and close all that leads to it."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join(5)
        process.stdout.close()
        if process.stderr is not None:
            process.stderr.close()

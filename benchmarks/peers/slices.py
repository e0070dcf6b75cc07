"""What was measured so far: a file a size and number of threads.

So the comparison can be made in slices, whenever the machine is quiet for some minutes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crackscan.benchmarks.peers.measure import Spread, Times
from crackscan.benchmarks.peers.report import times_as_json
from crackscan.convert.cost import core_name
from crackscan.convert.macs import list_layers

ACCURACY = "accuracy"


@dataclass(frozen=True)
class Slice:
    """All contenders on one size of picture with one number of threads."""

    width: int
    height: int
    threads: int
    rounds: int
    warnings: tuple[str, ...]
    """Why its times are not what the machine can do."""
    left_out: Mapping[str, str]
    times: tuple[Times, ...]


@dataclass(frozen=True)
class Accuracy:
    """AUROC of the contenders with trained weights, and what the notebook's learned from."""

    patches: int
    lessons: str
    auroc: Mapping[str, float]


class Slices:
    """A folder with what was measured of one model on one machine; what else is in it is stale.

    Times are those of all models with the same operators, for weights cost nothing; accuracy is
    that of the very file.
    """

    def __init__(self, folder: Path, model: Path) -> None:
        self._folder = folder
        self._timed = {
            "operators": _hash_content(repr(list_layers(model)).encode()),
            "core": core_name(),
        }
        self._judged = {"sha256": _hash_content(model.read_bytes())}

    def clear_results(self) -> None:
        """Start again."""
        for file in self._folder.glob("*.json"):
            file.unlink()

    def keep_result(self, one: Slice) -> None:
        values = {**asdict(one), "times": [times_as_json(each) for each in one.times]}
        self._write(_slice_name(one.width, one.height, one.threads), self._timed, values)

    def keep_accuracy(self, one: Accuracy) -> None:
        self._write(ACCURACY, self._judged, asdict(one))

    def kept_results(self) -> list[Slice]:
        """In the order of their sizes and threads."""
        found = []
        for file in self._folder.glob("*x*.json"):
            values = self._read(file.stem, self._timed)
            if values is not None:
                times = tuple(_times_from_json(one) for one in values.pop("times"))
                warnings = tuple(values.pop("warnings"))
                found.append(Slice(**values, warnings=warnings, times=times))
        return sorted(found, key=lambda one: (one.width * one.height, one.threads))

    def has_result(self, width: int, height: int, threads: int) -> bool:
        return self._read(_slice_name(width, height, threads), self._timed) is not None

    def read_accuracy(self) -> Accuracy | None:
        values = self._read(ACCURACY, self._judged)
        return None if values is None else Accuracy(**values)

    def _read(self, name: str, of: Mapping[str, str]) -> dict[str, Any] | None:
        file = self._folder / f"{name}.json"
        if not file.is_file():
            return None
        values: dict[str, Any] = json.loads(file.read_text())
        return values if values.pop("of") == of else None

    def _write(self, name: str, of: Mapping[str, str], values: Mapping[str, object]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"of": of, **values}, indent=2)
        (self._folder / f"{name}.json").write_text(text + "\n")


def _hash_content(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _slice_name(width: int, height: int, threads: int) -> str:
    return f"{width}x{height}-threads-{threads}"


def _times_from_json(values: dict[str, Any]) -> Times:
    """The inverse of `times_as_json`."""
    plain = {name: one for name, one in values.items() if name in Times.__dataclass_fields__}
    for name in ("frame_ms", "cpu_ms", "times_ours"):
        plain[name] = plain[name] and Spread(**plain[name])
    return Times(**plain)

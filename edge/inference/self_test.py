"""Shows a model two pictures whose answer is known, before it is trusted with a wall."""

import time
from dataclasses import dataclass
from pathlib import Path

from crackscan.core.pictures import read_picture
from crackscan.edge.inference.model import Model

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CRACKED, INTACT = "cracked-patch-upright.jpg", "intact-patch-grey.jpg"


@dataclass(frozen=True)
class SelfTest:
    """What a model says of the two pictures that come with crackscan."""

    cracked: float
    """Patch probability of the picture with a crack."""
    intact: float
    """The same of the picture without one."""
    threshold: float
    model_ms: float
    """Of the second picture, so without the allocation of memory."""

    @property
    def passed(self) -> bool:
        return self.intact < self.threshold <= self.cracked

    def __str__(self) -> str:
        return (
            f"a crack: {self.cracked:.3f}, no crack: {self.intact:.3f},"
            f" threshold {self.threshold:.3f}"
        )


def self_test(model: Model) -> SelfTest:
    """Judge the two pictures.

    Raises:
        PictureError: they are missing or damaged, so the installation is.
    """
    cracked = model.patch_probability(read_picture(SAMPLES / CRACKED))
    began_s = time.perf_counter()
    intact = model.patch_probability(read_picture(SAMPLES / INTACT))
    model_ms = (time.perf_counter() - began_s) * 1000
    return SelfTest(cracked, intact, model.card.threshold, model_ms)

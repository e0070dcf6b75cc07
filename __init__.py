"""crackscan finds concrete cracks on site: training on the desktop, int8 on a Raspberry Pi.

    from crackscan import Model, detect

    findings = detect("wall.jpg")  # what the commands find, with widths
    crack_map = Model.load().crack_map(rgb)  # float32 (rows, columns), one probability per cell

Both are loaded when they are first used: importing crackscan loads neither numpy nor TensorFlow.
"""

import logging
from importlib import import_module
from typing import Any

logging.getLogger(__name__).addHandler(logging.NullHandler())

__version__ = "0.1.0"
__all__ = ["Finding", "Model", "__version__", "detect"]

_HOMES = {
    "Finding": "edge.detection.finding",
    "Model": "edge.inference.model",
    "detect": "edge.pipelines.photos.library",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

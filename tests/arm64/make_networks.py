"""Run by `prove.py` through pytest where TensorFlow is: fills the folder of a shared fixture."""

from pathlib import Path


def test_the_untrained_networks_are_made(untrained: Path) -> None:
    assert (untrained / "tiny.tflite").is_file()

"""The contenders' model files, each made once: by TensorFlow, or converted from ours."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crackscan.benchmarks.peers.environments import make_environment

CONVERTERS = (("tf2onnx",), ("--no-deps", "pnnx"))
"""pnnx would bring all of PyTorch for a part that is not used here."""
CONVERTED = ("crack-int8.onnx", "crack-float.onnx", "crack.ncnn.param", "crack.ncnn.bin")
NOTEBOOK_PX = 256
TAUGHT = "notebook-learned-from"
"""Name of the file with the data that the notebook's network was trained on."""


Makers = dict[tuple[str, ...], Callable[[], None]]


class ConversionError(Exception):
    """Why a model file could not be made, in one line."""


@dataclass(frozen=True)
class Lessons:
    """What the notebook's network learns from; not at all without a folder."""

    metu: Path | None
    pictures: int
    epochs: int

    def __str__(self) -> str:
        if self.metu is None:
            return "random weights"
        return f"{self.pictures} pictures of METU, {self.epochs} epochs"


def list_makers(files: Path, environments: Path, lessons: Lessons) -> Makers:
    """Which files are made together, and by what."""
    _forget_notebook(files, lessons)
    return {
        ("mobilenetv2-int8.tflite",): lambda: make_mobilenet(files),
        ("notebook-float.tflite", "notebook-int8.tflite"): lambda: make_notebook_network(
            files, lessons
        ),
        CONVERTED: lambda: convert_network(files, environments),
    }


def copy_model(files: Path, model: Path) -> None:
    """Copy the model that is compared; what was converted from another one goes.

    `crack-pixels.tflite` is the same network with an input of (1, height, width, 3) int8, each
    byte minus 128, for engines whose importers do not take joined pixels.
    """
    file, content = files / "crack.tflite", model.read_bytes()
    if not file.is_file() or file.read_bytes() != content:
        from crackscan.convert.input_rewrite import split_pixels

        file.write_bytes(content)
        (files / "crack-pixels.tflite").write_bytes(split_pixels(content))
        for name in CONVERTED:
            (files / name).unlink(missing_ok=True)


def make_mobilenet(files: Path) -> None:
    """MobileNetV2 for 224 px, int8, random weights: `crackscan-convert cost` has the same one."""
    from crackscan.convert.reference import reference_model

    shutil.copyfile(reference_model(), files / "mobilenetv2-int8.tflite")


def make_notebook_network(files: Path, lessons: Lessons) -> None:
    """The network of the notebook that the project began as, as float and int8.

    Three 3x3 convolutions of 16, 32 and 32 filters, each with a pooling, and a dense layer of 256:
    7.4 million parameters. It learns from METU as the notebook did, from fewer pictures; in float,
    pixels are 0..1, in int8 the scaling is part of the file.
    """
    import keras
    from keras import layers

    from crackscan.benchmarks.peers.teach import sample_pictures, train_network

    keras.utils.set_random_seed(0)
    picture = keras.Input((NOTEBOOK_PX, NOTEBOOK_PX, 3))
    x = picture
    for filters in (16, 32, 32):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dense(256, activation="relu")(layers.Flatten()(x))
    network = keras.Model(picture, layers.Dense(1, activation="sigmoid")(x))
    pictures = np.random.default_rng(0).integers(0, 256, (8, NOTEBOOK_PX, NOTEBOOK_PX, 3), np.uint8)
    if lessons.metu is not None:
        train_network(network, lessons.metu, NOTEBOOK_PX, lessons.pictures, lessons.epochs)
        pictures = sample_pictures(lessons.metu, NOTEBOOK_PX, 64)
    _convert_notebook(network, pictures, files)
    (files / TAUGHT).write_text(str(lessons))


def _forget_notebook(files: Path, lessons: Lessons) -> None:
    """Remove its files where they learned otherwise than is wanted now."""
    mark = files / TAUGHT
    if lessons.metu is None:  # whatever it learned before will do
        return
    if not mark.is_file() or mark.read_text() != str(lessons):
        for name in ("notebook-float.tflite", "notebook-int8.tflite"):
            (files / name).unlink(missing_ok=True)


def _convert_notebook(network: Any, pictures: npt.NDArray[np.uint8], files: Path) -> None:
    import keras
    import tensorflow as tf

    from crackscan.convert.tflite import to_int8
    from crackscan.core.stderr_capture import drop_stderr

    fixed = keras.Input(batch_shape=(1, NOTEBOOK_PX, NOTEBOOK_PX, 3))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(fixed, network(fixed)))
    with drop_stderr():
        plain = converter.convert()
    (files / "notebook-float.tflite").write_bytes(plain)
    bytes_in = keras.Input((NOTEBOOK_PX, NOTEBOOK_PX, 3))
    whole = keras.Model(bytes_in, network(keras.layers.Rescaling(1 / 255)(bytes_in)))
    int8 = to_int8(whole, pictures, NOTEBOOK_PX)
    (files / "notebook-int8.tflite").write_bytes(int8)


def convert_network(files: Path, environments: Path) -> None:
    """Our network for the other engines: ONNX by tf2onnx, int8 and float, and ncnn by pnnx.

    Raises:
        InstallError, ConversionError: a converter is missing or fails.
    """
    python = make_environment(environments / "converters", CONVERTERS, borrowing=True)
    scratch = files / "scratch"
    scratch.mkdir(exist_ok=True)
    ours = files / "crack-pixels.tflite"
    for kind, more in (("int8", []), ("float", ["--dequantize"])):
        whole = scratch / f"{kind}.onnx"
        into = ["--tflite", ours, "--opset", "13", "--output", whole, *more]
        _run_command([python, "-m", "tf2onnx.convert", *into])
        script = Path(__file__).with_name("to_onnx.py")
        _run_command([python, script, kind, whole, files / f"crack-{kind}.onnx"])
    where = [python, "-c", "import importlib.util as u; print(u.find_spec('pnnx').origin)"]
    program = Path(_run_command(where).strip()).with_name("pnnx")
    program.chmod(0o755)
    net = scratch / "net.onnx"
    shutil.copyfile(files / "crack-float.onnx", net)
    # Two sizes mean that the input may have any; fp16=0 keeps the weights as they are.
    sizes = ["inputshape=[1,3,480,640]", "inputshape2=[1,3,192,192]", "fp16=0"]
    _run_command([program, net, *sizes])
    for end in ("param", "bin"):
        shutil.copyfile(scratch / f"net.ncnn.{end}", files / f"crack.ncnn.{end}")
    shutil.rmtree(scratch)


def _run_command(command: list[object]) -> str:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ConversionError(f"{Path(str(command[0])).name} failed: {' '.join(last)[:200]}")
    return done.stdout

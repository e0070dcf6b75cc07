"""The TFLite interpreter of this machine: LiteRT, or tflite-runtime where there is no other."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from crackscan.core.errors import ModelError
from crackscan.core.stderr_capture import drop_stderr

MAX_THREADS = 4
_IDENTIFIER = b"TFL3"
"""At byte 4 of every TFLite flatbuffer."""


def default_threads() -> int:
    """As many threads as this process may use cores, at most four."""
    return min(len(os.sched_getaffinity(0)), MAX_THREADS)


def interpreter_class() -> tuple[type[Any], str]:
    """The Interpreter class and the name and version of its package.

    Raises:
        ModelError: neither runtime is installed.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter, f"ai-edge-litert {version('ai-edge-litert')}"
    except ImportError:
        pass
    try:
        from tflite_runtime.interpreter import Interpreter

        return Interpreter, f"tflite-runtime {version('tflite-runtime')}"
    except ImportError as error:
        raise ModelError(
            "no TFLite runtime on this machine; install one: pip install ai-edge-litert"
            " (64-bit systems) or pip install tflite-runtime (32-bit, Python 3.11 or older)"
        ) from error


def open_interpreter(path: Path, threads: int, built_in: bool = False) -> tuple[Any, str]:
    """An interpreter for a model file, and the runtime's name.

    `built_in` keeps it from XNNPACK: the kernels that tflite-runtime has on 32-bit ARM, which round
    twice where XNNPACK rounds once, and take four times as long on x86-64.

    Raises:
        ModelError: the file is missing or no TFLite.
    """
    make, runtime = interpreter_class()
    demand_tflite(path)
    litert = runtime.startswith("ai-edge-litert")
    if built_in:
        runtime += ", built-in kernels"
    try:
        with drop_stderr():
            kernels = _kernels(litert, threads, built_in)
            return make(model_path=str(path), num_threads=threads, **kernels), runtime
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{path} is not a TFLite model") from error


def _kernels(litert: bool, threads: int, built_in: bool) -> dict[str, Any]:
    """Options by which an interpreter takes XNNPACK's int8 kernels, or does not."""
    if litert and built_in:
        from ai_edge_litert.interpreter import OpResolverType

        return {"experimental_op_resolver_type": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}
    if litert or built_in:
        return {}
    from crackscan.edge.inference.xnnpack_delegate import create_delegates

    return {"experimental_delegates": create_delegates(threads)}


def uses_delegate(interpreter: Any) -> bool | None:
    """Whether a delegate (XNNPACK) runs part of the network; None if the runtime hides it.

    `interpreter` has its tensors allocated.
    """
    describe = getattr(interpreter, "_get_ops_details", None)
    if describe is None:
        return None
    return any(one.get("op_name") == "DELEGATE" for one in describe())


def demand_tflite(path: Path) -> None:
    """Check the first bytes of a file before native code reads it.

    Raises:
        ModelError: the file is missing, cannot be read, or is not TFLite.
    """
    if not path.is_file():
        raise ModelError(f"there is no model file {path}")
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if start[4:] != _IDENTIFIER:
        raise ModelError(f"{path} is not a TFLite model")

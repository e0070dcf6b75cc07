"""XNNPACK's int8 kernels in tflite-runtime, where 64-bit builds have them and let them lie."""

import ctypes
from importlib.util import find_spec
from typing import Any

_LIBRARY = "tflite_runtime._pywrap_tensorflow_interpreter_wrapper"
_INT8, _UINT8 = 1, 2


class _Options(ctypes.Structure):
    """`TfLiteXNNPackDelegateOptions` as far as TensorFlow Lite 2.14 has it, and room for more."""

    _fields_ = (
        ("num_threads", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("others", ctypes.c_uint64 * 32),
    )


class Delegate:
    """What an `Interpreter` takes for a loaded delegate, and keeps for as long as it lives.

    The functions are TensorFlow Lite's own: tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h.
    """

    def __init__(self, library: ctypes.CDLL, pointer: int) -> None:
        self._library, self._pointer = library, pointer

    def _get_native_delegate_pointer(self) -> int:
        return self._pointer

    def __del__(self) -> None:
        self._library.TfLiteXNNPackDelegateDelete(ctypes.c_void_p(self._pointer))


def create_delegates(threads: int) -> list[Any]:
    """One delegate for a new interpreter of tflite-runtime; none where its build has no XNNPACK.

    The wheels for 32-bit ARM have no XNNPACK.
    """
    found = find_spec(_LIBRARY)
    if found is None or found.origin is None:
        return []
    library = ctypes.CDLL(found.origin)  # the one that the interpreter is in, loaded once
    try:
        default = library.TfLiteXNNPackDelegateOptionsDefault
        create = library.TfLiteXNNPackDelegateCreate
    except AttributeError:
        return []
    default.restype, create.restype = _Options, ctypes.c_void_p
    options = default()
    options.num_threads, options.flags = threads, _INT8 | _UINT8
    pointer = create(ctypes.byref(options))
    return [Delegate(library, pointer)] if pointer else []

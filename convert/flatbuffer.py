"""A TFLite file as objects of its schema, and back."""

from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

IDENTIFIER = b"TFL3"
WEIGHT_ALIGNMENT = 16
"""Bytes; the schema demands it of weights (`force_align: 16`), its Python code does not do it."""


class _AligningBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Writes vectors of bytes, which is what weights are, where the schema demands them."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803
        wanted = WEIGHT_ALIGNMENT if elemSize == 1 else alignment
        return int(super().StartVector(elemSize, numElems, wanted))


def parse_flatbuffer(content: bytes) -> Any:
    """The `ModelT` of a file that an interpreter has accepted; what follows it is ignored."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def pack_flatbuffer(model: Any) -> bytes:
    """The flatbuffer of a `ModelT`."""
    builder = _AligningBuilder(1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())

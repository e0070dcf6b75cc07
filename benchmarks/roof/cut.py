"""A network cut off after each of its layers: the difference of two is the time of one layer."""

from pathlib import Path


def cut_after(path: Path, count: int) -> bytes:
    """A `.tflite` with the first `count` operators of another, whose output is the last one's.

    It is for networks that are a chain: whatever the operators that are left out would read besides
    is computed all the same.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    content = path.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    (graph,) = model.subgraphs
    graph.operators = graph.operators[:count]
    graph.outputs = [int(graph.operators[-1].outputs[0])]
    model.signatureDefs = []
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())

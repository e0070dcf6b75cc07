"""A network's layers as networks of their own, so that each can be timed alone."""

from pathlib import Path


def cut_out(path: Path, at: int) -> bytes:
    """A `.tflite` with one operator of another; its inputs are those that are not constants."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    content = path.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    (graph,) = model.subgraphs
    made = {int(one) for operator in graph.operators for one in operator.outputs}
    (operator,) = graph.operators = graph.operators[at : at + 1]
    read = [int(one) for one in operator.inputs]
    graph.inputs = [one for one in read if one in {*made, *map(int, graph.inputs)}]
    graph.outputs = [int(operator.outputs[0])]
    model.signatureDefs = []
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())

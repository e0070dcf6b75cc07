"""Makes the file to deploy: int8 weights, an optimized input, a card with measured figures."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from crackscan.convert.agreement import compare_models
from crackscan.convert.flatbuffer import parse_flatbuffer
from crackscan.convert.input_rewrite import optimize_input
from crackscan.convert.run_folder import Run, read_labelled
from crackscan.convert.tflite import to_int8
from crackscan.core.durable_files import write_atomically
from crackscan.core.model_card import append_card
from crackscan.edge.inference.model import Model, find_model


def quantize_run(run: Run, data: Path, out: Path, name: str) -> dict[str, Any]:
    """Convert, measure on the validation patches, and write the file with its card.

    The file appears whole or not at all. Returns the figures that the card carries.

    Raises:
        CrackscanError: the data cannot be read or the file cannot be written.
    """
    card = replace(run.card, name=name)
    flatbuffer = optimize_input(to_int8(run.network, run.representative), card.cell_px)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.tflite"
        append_card(flatbuffer, card, file)
        judged, patches = read_labelled(run.folder, data, "validation")
        figures = compare_models(run.network, Model.load(file), patches).figures()
        measured = {**card.figures, f"{judged.name}, {judged.side}": figures}
        append_card(flatbuffer, replace(card, figures=measured), file)
        write_atomically(out, file.read_bytes())
    return figures


def optimize_file(model: Path, out: Path) -> tuple[int, int]:
    """Optimize the input of an existing file; `out` appears whole or not at all.

    Returns the number of operators before and after.

    Raises:
        CrackscanError: `model` is not an int8 crack model, or `out` cannot be written.
    """
    # The runtime checks the flatbuffer, and the model its ends and card.
    card = Model(find_model(model), 1).card
    content = model.read_bytes()
    optimized = optimize_input(content, card.cell_px)
    if optimized != content or out != model:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.tflite"
            append_card(optimized, card, file)
            write_atomically(out, file.read_bytes())
    return _count_operators(content), _count_operators(optimized)


def _count_operators(content: bytes) -> int:
    (graph,) = parse_flatbuffer(content).subgraphs
    return len(graph.operators)

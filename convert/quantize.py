"""From a run folder to a deployable file: int8 weights, and a card with measured figures."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from crackscan.convert.agreement import compare
from crackscan.convert.run import Run, labelled
from crackscan.convert.tflite import to_int8
from crackscan.core.durable_files import write_file
from crackscan.core.model_card import append_card
from crackscan.edge.inference.model import Model


def quantize_run(run: Run, data: Path, out: Path, name: str) -> dict[str, Any]:
    """Convert, measure on the validation patches, and write the file with its card.

    The file appears whole or not at all. Returns the figures that the card carries.

    Raises:
        CrackscanError: the data cannot be read or the file cannot be written.
    """
    flatbuffer = to_int8(run.network, run.representative)
    card = replace(run.card, name=name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.tflite"
        append_card(flatbuffer, card, file)
        judged, patches = labelled(run.folder, data, "validation")
        figures = compare(run.network, Model.load(file), patches).figures()
        measured = {**card.figures, f"{judged.name}, {judged.side}": figures}
        append_card(flatbuffer, replace(card, figures=measured), file)
        write_file(out, file.read_bytes())
    return figures

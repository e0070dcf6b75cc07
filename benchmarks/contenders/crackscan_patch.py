"""Our own network, but a patch at a time: what the single pass brings."""

from pathlib import Path

from crackscan.benchmarks.contenders.worker import ByPatches, Contender, Engine, serve_requests

CONTENDER = Contender("its network, a patch at a time, LiteRT int8", "patches", ("crack.tflite",))


def open_engine(files: Path, threads: int) -> Engine:
    from crackscan.edge.inference.model import Model

    model = Model.load(files / CONTENDER.files[0], threads)
    return ByPatches(model.runtime, model.patch_probability)


if __name__ == "__main__":
    serve_requests(open_engine)

"""crackscan: the whole picture in one pass."""

from pathlib import Path

from crackscan.benchmarks.contenders.worker import RGB, Contender, Engine, Picture, serve_requests

CONTENDER = Contender("crackscan, whole picture, LiteRT int8", "whole", ("crack.tflite",))


class Frames:
    """Our model as our commands use it."""

    def __init__(self, files: Path, threads: int) -> None:
        from crackscan.edge.inference.model import Model

        self.model = Model.load(files / CONTENDER.files[0], threads)
        self.runs_on = self.model.runtime

    def scan(self, picture: Picture) -> float:
        self.model.crack_map(picture.rgb)
        return 1.0

    def score(self, patch: RGB) -> float:
        return self.model.patch_probability(patch)


def open_engine(files: Path, threads: int) -> Engine:
    return Frames(files, threads)


if __name__ == "__main__":
    serve_requests(open_engine)

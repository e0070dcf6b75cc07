"""Our network whole in ncnn, float precision."""

from pathlib import Path

from crackscan.benchmarks.contenders.ncnn_maps import FILES, INSTALLS, Maps
from crackscan.benchmarks.contenders.worker import Contender, Engine, serve_requests

CONTENDER = Contender("its network, whole picture, ncnn float", "whole", FILES, INSTALLS)


def open_engine(files: Path, threads: int) -> Engine:
    return Maps(files, threads, half=False)


if __name__ == "__main__":
    serve_requests(open_engine)

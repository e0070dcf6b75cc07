"""Our network whole in ncnn, float precision."""

from pathlib import Path

from crackscan.benchmarks.contenders.ncnn_maps import FILES, INSTALLS, Maps
from crackscan.benchmarks.contenders.worker import Contender, Engine, serve

CONTENDER = Contender("its network, whole picture, ncnn float", "whole", FILES, INSTALLS)


def opened(files: Path, threads: int) -> Engine:
    return Maps(files, threads, half=False)


if __name__ == "__main__":
    serve(opened)

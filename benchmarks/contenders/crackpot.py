"""crackpot 2.0 (GPL-3.0, TU Dresden): its network as its program calls it, on a picture's file."""

import tempfile
from pathlib import Path

from crackscan.benchmarks.contenders.worker import RGB, Contender, Engine, Picture, serve_requests

CONTENDER = Contender(
    "crackpot 2.0, the picture squeezed to 256 px, TensorFlow",
    "as its program does",
    installs=(("crackpot[tensorflow]==2.0",),),
    note="its time includes reading the file, as its program does",
)


class Masks:
    """Its detection step; a patch is scored by the share of pixels that it marks."""

    def __init__(self) -> None:
        import cv2
        import tensorflow as tf
        from crackpot.backend.edgedetection import EdgeDetection

        self._cv2 = cv2
        self._detector = EdgeDetection()
        self._scratch = tempfile.TemporaryDirectory()
        self.runs_on = f"tensorflow {tf.__version__}"

    def scan(self, picture: Picture) -> float:
        self._detector.detect_edges(str(picture.file))
        return 1.0

    def score(self, patch: RGB) -> float:
        file = Path(self._scratch.name) / "patch.png"
        self._cv2.imwrite(str(file), self._cv2.cvtColor(patch, self._cv2.COLOR_RGB2BGR))
        return float(self._detector.detect_edges(str(file)).mean())


def open_engine(files: Path, threads: int) -> Engine:  # noqa: ARG001
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return Masks()


if __name__ == "__main__":
    serve_requests(open_engine)

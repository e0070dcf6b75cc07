"""The development set: photographs and renderings that choose epoch, temperature and thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from crackscan.core.cells import CELL_PX
from crackscan.core.dataset.index import read_index
from crackscan.core.dataset.patches import crack_mask, mask_patches
from crackscan.core.model_card import OperatingPoint
from crackscan.core.pictures import read_picture
from crackscan.core.pooling import top_k_mean
from crackscan.train.data.examples import CRACK_PX_PER_PATCH, RGB, cells_of_mask
from crackscan.train.evaluate.cells import CellCounts, crack_cells, match_cells
from crackscan.train.evaluate.metrics import auroc
from crackscan.train.fitting.calibration import (
    best_f1_threshold,
    fit_scale_and_shift,
    operating_point,
    threshold_for,
)
from crackscan.train.fitting.callbacks import Row
from crackscan.train.network.crack_network import HEAD

BATCH = 32
HIGH_RECALL_ALARMS = 0.15
"""Share of intact patches that the high-recall threshold may let alarm."""

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Calibration:
    """What development data say about a network's logits."""

    temperature: float
    points: Mapping[str, OperatingPoint]
    """Of the network whose logits were shifted."""


class Development:
    """Judges a network on photographs with masks and on a pool of renderings, none trained on."""

    def __init__(self, photographs: Path, rendered: Path, k: int, limit: int | None = None) -> None:
        items = read_index(photographs).items[:limit]
        patches = list(mask_patches(photographs, items))
        self.k = k
        self.patches: RGB = np.stack([patch.rgb for patch in patches])
        self.labels = np.array([patch.label for patch in patches])
        self.whole = []
        for item in items:
            rgb = read_picture(photographs / item.path)
            self.whole.append((rgb, crack_mask(photographs / str(item.mask), rgb)))
        self.rendered: RGB = np.load(rendered / "rgb.npy")
        mask = np.load(rendered / "mask.npy")
        self.rendered_cells = np.stack([cells_of_mask(one) for one in mask])
        pixels = (mask > 127).sum((1, 2))
        self.rendered_known = (pixels == 0) | (pixels >= CRACK_PX_PER_PATCH)
        self.rendered_labels = pixels > 0

    def __call__(self, network: keras.Model) -> Row:
        """AUROC on patches of photographs, and on patches and cells of renderings; their score."""
        photographs = auroc(self.labels, self._pooled(_predict_maps(network, self.patches)))
        maps = _predict_maps(network, self.rendered)
        known = self.rendered_known
        patches = auroc(self.rendered_labels[known], self._pooled(maps)[known])
        sure = self.rendered_cells >= 0
        cells = auroc(self.rendered_cells[sure], maps[sure])
        return {
            "dev_auroc": photographs,
            "rendered_auroc": patches,
            "rendered_cells_auroc": cells,
            "score": 0.5 * photographs + 0.25 * patches + 0.25 * cells,
        }

    def calibrate(self, network: keras.Model, look_alike_alarms: float) -> Calibration:
        """Shift and temperature from the patches of photographs, thresholds from renderings too.

        The shift goes into the bias of the network's last layer, here and for good, so that its
        logits need no more than the temperature to be probabilities.

        Default: best F1 on the patches of photographs, or higher, until at most that share of the
        rendered look-alikes alarms; cells: best F1 by the cell protocol. High recall: 15 % of
        intact patches may alarm; cells: best F2.
        """
        temperature, shift = fit_scale_and_shift(
            self._pooled(_predict_maps(network, self.patches)), self.labels
        )
        head = network.get_layer(HEAD)
        head.bias.assign_add([shift])
        logits = self._pooled(_predict_maps(network, self.patches))
        rendered = self._pooled(_predict_maps(network, self.rendered))
        calm = threshold_for(rendered, self.rendered_labels, look_alike_alarms)
        default = max(best_f1_threshold(logits, self.labels), calm)
        recall = min(default, threshold_for(logits, self.labels, HIGH_RECALL_ALARMS))
        cell, cell_recall = self._cell_thresholds(network)
        return Calibration(
            temperature,
            {
                "default": operating_point(
                    default,
                    cell,
                    temperature,
                    "best F1 on development photographs, at most"
                    f" {look_alike_alarms:.1%} alarms on rendered look-alikes",
                ),
                "high-recall": operating_point(
                    recall,
                    cell_recall,
                    temperature,
                    "at most 15 % alarms on intact patches of development photographs",
                ),
            },
        )

    def _cell_thresholds(self, network: keras.Model) -> tuple[float, float]:
        """The cell logits with the best F1 and the best F2 over all photographs."""
        maps = [_predict_maps(network, _whole_cells(rgb)[np.newaxis])[0] for rgb, _ in self.whole]
        truth = [crack_cells(mask, CELL_PX) for _, mask in self.whole]
        tried = np.arange(-6.0, 6.0, 0.25)
        counts = [
            sum((match_cells(m >= at, t) for m, t in zip(maps, truth, strict=True)), CellCounts())
            for at in tried
        ]
        f1 = [count.f1 for count in counts]
        f2 = [
            5 * count.precision * count.recall / max(4 * count.precision + count.recall, 1e-9)
            for count in counts
        ]
        best = float(tried[int(np.argmax(f1))])
        return best, min(best, float(tried[int(np.argmax(f2))]))

    def _pooled(self, maps: Logits) -> Logits:
        return np.array([top_k_mean(one, self.k) for one in maps], np.float32)


def _predict_maps(network: keras.Model, pictures: RGB) -> Logits:
    """Cell logits (n, rows, cols) of pictures of one size, in batches."""
    return np.concatenate(
        [
            np.asarray(network(pictures[start : start + BATCH], training=False))[..., 0]
            for start in range(0, len(pictures), BATCH)
        ]
    )


def _whole_cells(rgb: RGB) -> RGB:
    bottom, right = (-side % CELL_PX for side in rgb.shape[:2])
    return np.pad(rgb, ((0, bottom), (0, right), (0, 0)), mode="reflect")

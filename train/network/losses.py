"""Losses and metrics that know what nobody knows: targets of -1 do not count."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("crackscan")
class TopKMean(keras.layers.Layer):  # type: ignore[misc]
    """Patch logit: the mean of the `k` largest cell logits, (N, R, C, 1) to (N, 1)."""

    def __init__(self, k: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k = k

    def call(self, cells: Any) -> Any:
        flat = ops.reshape(cells, (ops.shape(cells)[0], -1))
        values, _ = ops.top_k(flat, self.k, sorted=False)
        return ops.mean(values, axis=1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}


@keras.saving.register_keras_serializable("crackscan")  # type: ignore[untyped-decorator]
def known_crossentropy(target: Any, logit: Any) -> Any:
    """Binary cross-entropy of logits, averaged over the targets that are known (>= 0)."""
    known = ops.cast(target >= 0, "float32")
    wanted = ops.maximum(target, 0.0)
    loss = ops.relu(logit) - logit * wanted + ops.log1p(ops.exp(-ops.abs(logit)))
    return ops.sum(loss * known) / ops.maximum(ops.sum(known), 1.0)


@keras.saving.register_keras_serializable("crackscan")
class KnownAccuracy(keras.metrics.Mean):  # type: ignore[misc]
    """Share of known targets on whose side of zero the logit lies."""

    def __init__(self, name: str = "accuracy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ARG002
        right = ops.cast(ops.equal(y_true > 0.5, y_pred > 0), "float32")
        super().update_state(right, sample_weight=ops.cast(y_true >= 0, "float32"))

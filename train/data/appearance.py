"""Clusters pictures that look as if taken of one wall, on one day, with one camera."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MANY, _FEW, _SIZE = 80, 30, 20


def appearance_clusters(
    appearance: NDArray[np.float32], family: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """(N,) cluster of each of N pictures from their appearance (N, D); a family is never cut.

    k-means (Lloyd 1982, seeded as by Arthur and Vassilvitskii 2007) on standardised values. There
    are at most 80 clusters: more, and patches of one photograph fall apart; fewer, and the test
    side consists of two or three walls. On one thread, so that equal seeds give equal clusters.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    _, member = np.unique(family, return_inverse=True)
    means = np.zeros((member.max() + 1, appearance.shape[1]))
    np.add.at(means, member, appearance)
    means /= np.bincount(member)[:, None]
    spread = means.std(axis=0)
    means = (means - means.mean(axis=0)) / np.where(spread > 0, spread, 1)

    count = min(len(np.unique(means, axis=0)), max(_FEW, min(_MANY, len(means) // _SIZE)))
    with threadpool_limits(limits=1):
        found: Any = KMeans(count, n_init=1, random_state=seed).fit_predict(means)
    labels: NDArray[np.int64] = np.asarray(found, np.int64)[member]
    return labels

"""Things on concrete that a crack detector alarms on wrongly, painted on real pictures."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from crackscan.train.render.lookalikes import joint, light, masonry, stain, wire

Painter = Callable[[npt.NDArray[np.float32], np.random.Generator], npt.NDArray[np.float32]]

_WEIGHTED: tuple[tuple[Painter, float], ...] = (
    (joint.formwork_joint, 6.0),
    (joint.saw_cut, 4.0),
    (joint.expansion_joint, 2.5),
    (joint.board_marks, 3.0),
    (masonry.tile_joints, 3.0),
    (masonry.brickwork, 2.0),
    (masonry.blockwork, 2.0),
    (masonry.corrugated, 1.0),
    (wire.cable, 4.0),
    (wire.pipe, 1.5),
    (wire.rebar, 1.0),
    (wire.hair, 1.5),
    (wire.fence, 1.5),
    (light.shadow_edge, 2.5),
    (light.bar_shadows, 1.0),
    (light.branch_shadow, 1.0),
    (stain.water_streaks, 2.0),
    (stain.rust_streaks, 1.5),
    (stain.stain_border, 1.5),
    (stain.efflorescence, 1.0),
    (stain.rust_spots, 0.7),
)

LOOK_ALIKES: dict[str, Painter] = {painter.__name__: painter for painter, _ in _WEIGHTED}
"""Every look-alike by name: (picture (H, W, 3) float32 0..1 RGB, random numbers) -> a new one."""

_WEIGHT = {painter.__name__: weight for painter, weight in _WEIGHTED}


def paint_look_alikes(
    picture: npt.NDArray[np.float32],
    rng: np.random.Generator,
    names: Sequence[str] | None = None,
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Paint one to three different look-alikes on a picture, the common ones more often.

    `names` limits the choice. Returns the new picture and the names of what was painted, in order.
    """
    choice = list(LOOK_ALIKES) if names is None else list(names)
    weights = np.array([_WEIGHT[name] for name in choice])
    count = min(len(choice), int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])))
    drawn = rng.choice(len(choice), count, replace=False, p=weights / weights.sum())
    painted = picture
    for index in drawn:
        painted = LOOK_ALIKES[choice[index]](painted, rng)
    return painted, tuple(choice[index] for index in drawn)

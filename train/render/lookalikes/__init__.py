"""Things on concrete that a crack detector alarms on wrongly, painted on real pictures."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from crackscan.train.render.lookalikes import (
    board,
    gauge,
    hole,
    joint,
    ledge,
    lens,
    light,
    mark,
    masonry,
    plant,
    stain,
    surface,
    tool,
    wire,
)

Painter = Callable[[npt.NDArray[np.float32], np.random.Generator], npt.NDArray[np.float32]]

_ON_THE_WALL: dict[Painter, float] = {
    joint.formwork_joint: 7.0,
    joint.saw_cut: 5.0,
    joint.expansion_joint: 2.5,
    ledge.recess: 2.5,
    board.board_marks: 3.0,
    masonry.tile_joints: 2.5,
    masonry.brickwork: 2.0,
    masonry.blockwork: 2.0,
    masonry.corrugated: 1.0,
    light.shadow_edge: 2.5,
    light.bar_shadows: 1.0,
    light.branch_shadow: 1.0,
    stain.water_streaks: 2.0,
    stain.rust_streaks: 1.5,
    stain.stain_border: 1.5,
    stain.efflorescence: 1.0,
    stain.rust_spots: 0.7,
    hole.bug_holes: 1.5,
    hole.spall: 1.0,
    hole.honeycomb: 0.6,
    plant.moss: 0.7,
    mark.chalk: 1.2,
    mark.pencil: 2.0,
    mark.writing: 1.2,
    tool.scratches: 1.5,
    tool.trowel_arcs: 1.0,
    tool.groove_arc: 2.5,
    tool.broom_strokes: 1.0,
    surface.paint_edge: 1.5,
    surface.peeling: 1.0,
    surface.carved: 1.0,
    surface.pour_line: 1.2,
    surface.repair: 1.0,
}
_BEFORE_THE_WALL: dict[Painter, float] = {
    wire.cable: 4.0,
    wire.pipe: 1.5,
    wire.rebar: 1.0,
    wire.hair: 1.5,
    wire.fence: 1.5,
    plant.twigs: 1.5,
    plant.roots: 1.0,
    plant.foliage: 0.8,
    plant.grass: 0.7,
    gauge.tape_measure: 0.8,
    gauge.crack_gauge: 0.5,
    ledge.ledge: 1.5,
    surface.building_edge: 2.0,
    surface.window: 1.0,
    surface.wood: 1.0,
    surface.gravel: 0.7,
    surface.fabric: 0.7,
    lens.jpeg_blocks: 1.0,
    lens.water_drops: 0.7,
    lens.lens_dirt: 0.7,
}
_WEIGHT = {painter.__name__: share for painter, share in (_ON_THE_WALL | _BEFORE_THE_WALL).items()}

LOOK_ALIKES: dict[str, Painter] = {
    painter.__name__: painter for painter in _ON_THE_WALL | _BEFORE_THE_WALL
}
"""Every look-alike by name: (picture (H, W, 3) float32 0..1 RGB, random numbers) -> a new one."""

UNDER_CRACKS: tuple[str, ...] = tuple(painter.__name__ for painter in _ON_THE_WALL)
"""Those that are part of the wall, so that a crack may run through them."""


def paint_look_alikes(
    picture: npt.NDArray[np.float32],
    rng: np.random.Generator,
    names: Sequence[str] | None = None,
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Paint one to three different look-alikes on a picture, the common ones more often.

    `names` limits the choice. What is part of the wall is painted before what stands in front of
    it. Returns the new picture and the names of what was painted, in order.
    """
    choice = list(LOOK_ALIKES) if names is None else list(names)
    weights = np.array([_WEIGHT[name] for name in choice])
    count = min(len(choice), int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])))
    drawn = rng.choice(len(choice), count, replace=False, p=weights / weights.sum())
    chosen = sorted((choice[index] for index in drawn), key=lambda name: name not in UNDER_CRACKS)
    painted = picture
    for name in chosen:
        painted = LOOK_ALIKES[name](painted, rng)
    return painted, tuple(chosen)

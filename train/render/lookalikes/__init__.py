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
    joint.draw_formwork_joint: 7.0,
    joint.draw_saw_cut: 5.0,
    joint.draw_expansion_joint: 2.5,
    ledge.draw_recess: 2.5,
    board.draw_board_marks: 3.0,
    masonry.draw_tile_joints: 2.5,
    masonry.draw_brickwork: 2.0,
    masonry.draw_blockwork: 2.0,
    masonry.draw_corrugated: 1.0,
    light.draw_shadow_edge: 2.5,
    light.draw_bar_shadows: 1.0,
    light.draw_branch_shadow: 1.0,
    stain.draw_water_streaks: 2.0,
    stain.draw_rust_streaks: 1.5,
    stain.draw_stain_border: 1.5,
    stain.draw_efflorescence: 1.0,
    stain.draw_rust_spots: 0.7,
    hole.draw_bug_holes: 1.5,
    hole.draw_spall: 1.0,
    hole.draw_honeycomb: 0.6,
    plant.draw_moss: 0.7,
    mark.draw_chalk: 1.2,
    mark.draw_pencil: 2.0,
    mark.draw_writing: 1.2,
    tool.draw_scratches: 1.5,
    tool.draw_trowel_arcs: 1.0,
    tool.draw_groove_arc: 2.5,
    tool.draw_broom_strokes: 1.0,
    surface.draw_paint_edge: 1.5,
    surface.draw_peeling: 1.0,
    surface.draw_carved: 1.0,
    surface.draw_pour_line: 1.2,
    surface.draw_repair: 1.0,
}
_BEFORE_THE_WALL: dict[Painter, float] = {
    wire.draw_cable: 4.0,
    wire.draw_pipe: 1.5,
    wire.draw_rebar: 1.0,
    wire.draw_hair: 1.5,
    wire.draw_fence: 1.5,
    plant.draw_twigs: 1.5,
    plant.draw_roots: 1.0,
    plant.draw_foliage: 0.8,
    plant.draw_grass: 0.7,
    gauge.draw_tape_measure: 0.8,
    gauge.draw_crack_gauge: 0.5,
    ledge.draw_ledge: 1.5,
    surface.draw_building_edge: 2.0,
    surface.draw_window: 1.0,
    surface.draw_wood: 1.0,
    surface.draw_gravel: 0.7,
    surface.draw_fabric: 0.7,
    lens.draw_jpeg_blocks: 1.0,
    lens.draw_water_drops: 0.7,
    lens.draw_lens_dirt: 0.7,
}


def _painted_thing(painter: Painter) -> str:
    return painter.__name__.removeprefix("draw_")


_WEIGHT = {
    _painted_thing(painter): share for painter, share in (_ON_THE_WALL | _BEFORE_THE_WALL).items()
}
LOOK_ALIKES: dict[str, Painter] = {
    _painted_thing(painter): painter for painter in _ON_THE_WALL | _BEFORE_THE_WALL
}
"""Every look-alike by name: (picture (H, W, 3) float32 0..1 RGB, random numbers) -> a new one."""

UNDER_CRACKS: tuple[str, ...] = tuple(_painted_thing(painter) for painter in _ON_THE_WALL)
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

"""How the shipped models are made: settings, stages, and how many examples of each kind."""

from dataclasses import dataclass, replace

from crackscan.train.fitting.settings import FitSettings
from crackscan.train.fitting.wall_mixture import QUICK, USUAL, WallMixture
from crackscan.train.render.sample import RenderConfig

POOL_PX, DEVELOPMENT_PX, SMALL_PX = 224, 256, 128
TEACHER = "teacher"
"""The model that teaches, not shipped; and as weights, a start that does what the teacher does."""
WIDE = RenderConfig(crack_share=0.7, width_px=(10.0, 40.0))
"""Cracks as close photographs show them; and the look-alikes beside them, one picture in three."""
MASONRY = RenderConfig(
    crack_share=0.55, look_alike_share=0.3, width_px=(0.8, 9.0), masonry_share=1.0
)
"""Bricks and stones, with cracks along and across their joints and without."""


@dataclass(frozen=True)
class Stage:
    """A warm restart (Loshchilov and Hutter 2017): on from where the one before ended, with other
    examples and a learning rate that rises and falls again."""

    epochs: int
    rate: float
    small: bool = False
    """On patches of SMALL_PX: as patches are judged, with more cells at an edge."""
    taught: bool = False
    """From a teacher's predictions: another model's, or else the last network's trained without."""
    again: bool = False
    """From the same examples as the stage before, for which the teacher was asked already."""
    walls: bool = False
    """From the mixture with photographs of walls, cells only. The finished network is then the
    average that the stage ends with."""
    own_labels: bool = False
    """What has no mask is labelled by what the stage before made, not by the teacher."""


@dataclass(frozen=True)
class Recipe:
    """FitSettings of the training, and how many examples of each kind make an epoch."""

    settings: FitSettings
    stages: tuple[Stage, ...]
    pool: int = 14336
    """Renderings made once; an epoch draws from them."""
    wide_pool: int = 3072
    rendered: int = 8000
    wide_rendered: int = 2500
    cracked_close_ups: int = 4000
    intact_close_ups: int = 1500
    field_photographs: int = 2500
    other_pictures: int = 3500
    development_renderings: int = 800
    development_photographs: int | None = None
    judged_cells: int = 2
    """k of the top-k mean by which the finished network is judged and used. Training pools more:
    it teaches more cells at once; but a crack that only enters a patch has few cells there."""
    look_alike_alarms: float = 0.04
    """Share of rendered look-alike pictures that the default threshold may let alarm: a little
    below what is promised, for quantization moves it."""
    averaged_stages: int = 1
    """With more than one, the finished network is the mean of the averages that this many last
    stages ended with, a finished model that was gone on from counted as one (Wortsman et al.
    2022), and not the best epoch of the last."""
    taught: int = 30000
    """Examples for which the teacher is asked; from them alone a taught stage learns."""
    version: str = "1"
    """On the card: another one where another network or other data make a model of the name."""
    mixture: WallMixture = USUAL
    """What a stage with `walls` learns from."""
    kept_share: float = 0.0
    """Share of the weights that the last stage began with in those of the finished network, if it
    learned from photographs of walls (Wortsman et al. 2022, robust fine-tuning)."""
    renewed: int = 1
    """The number of last stages that continue from a finished model of this kind."""

    @property
    def learns_from_walls(self) -> bool:
        """Whether a stage learns from photographs of walls."""
        return any(stage.walls for stage in self.stages)


BASE = FitSettings(
    epochs=7,
    patience=99,
    batch=32,
    size_px=192,
    rate=2e-3,
    pooled_cells=4,
    patch_weight=0.3,
    average=0.995,
)
RECIPES = {
    "crack-s": Recipe(
        replace(BASE, backbone="fused-96", weights="none", batch=64, average=0.998),
        (
            Stage(9, 4e-3, taught=True),
            Stage(7, 3e-3, taught=True),
            Stage(6, 2e-3, taught=True),
            Stage(8, 1.5e-3, walls=True),
        ),
        look_alike_alarms=0.03,
        version="2",
        kept_share=0.35,
    ),
    "crack-m": Recipe(
        replace(BASE, backbone="efficientnet-lite0-fused", weights=TEACHER, average=0.998),
        (
            Stage(6, 1.5e-3, small=True, taught=True),
            Stage(3, 1e-3, taught=True),
            Stage(3, 5e-4, small=True, taught=True, again=True),
            Stage(4, 8e-4, taught=True, again=True),
            Stage(6, 6e-4, walls=True, own_labels=True),
        ),
        look_alike_alarms=0.015,
        taught=40000,
        version="3",
        kept_share=0.2,
    ),
    TEACHER: Recipe(
        replace(BASE, backbone="efficientnet-lite0-slim"),
        (
            Stage(3, 1.2e-3),
            Stage(2, 3e-4, small=True),
            Stage(3, 1e-3),
            Stage(4, 2.5e-4, small=True),
            Stage(3, 5e-4, small=True, taught=True),
        ),
        look_alike_alarms=0.015,
        averaged_stages=2,
    ),
}


SCALES = {
    "crack-s": "cracks 2 to 40 px wide",
    "crack-m": "cracks 1 to 40 px wide",
    TEACHER: "cracks 1 to 40 px wide",
}
"""The pixel scale that each was trained for, as on its card."""


def renew_recipe(recipe: Recipe, model: str) -> Recipe:
    """What leads on from a finished `.tflite`: the last stages, from its weights."""
    stages = recipe.stages[-recipe.renewed :]
    return replace(
        recipe,
        settings=replace(recipe.settings, weights=model),
        stages=stages,
        averaged_stages=min(recipe.averaged_stages, 1 + len(stages)),
    )


def shorten_recipe(recipe: Recipe) -> Recipe:
    """The same path with next to no data: minutes, and a model good for nothing."""
    return replace(
        recipe,
        settings=replace(recipe.settings, batch=8, size_px=96),
        stages=tuple(replace(stage, epochs=1, rate=1e-3) for stage in recipe.stages[-2:]),
        pool=48,
        wide_pool=16,
        rendered=32,
        wide_rendered=8,
        cracked_close_ups=16,
        intact_close_ups=8,
        field_photographs=8,
        other_pictures=8,
        development_renderings=32,
        development_photographs=4,
        taught=48,
        mixture=QUICK,
    )

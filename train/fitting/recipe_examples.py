"""The examples that a recipe asks for: pools of renderings, and sources in its proportions."""

from crackscan.train.data.data_folder import FIELD
from crackscan.train.data.examples import ExampleSource
from crackscan.train.data.field_annotations import read_annotations
from crackscan.train.data.photographs import CloseUps, FieldPhotographs, OtherPictures
from crackscan.train.data.rendered import Pool, Rendered
from crackscan.train.fitting.recipe import DEVELOPMENT_PX, MASONRY, POOL_PX, WIDE, Recipe
from crackscan.train.fitting.training_data import (
    MASONRY_POOL,
    USUAL_POOL,
    WIDE_POOL,
    TrainingData,
)
from crackscan.train.render.sample import RenderConfig

DEVELOPMENT_POOL = "pool-development"
"""Renderings that judge a network and that nothing is trained on."""


def list_pools(recipe: Recipe) -> tuple[Pool, ...]:
    """The pools of renderings that a recipe draws from or is judged on, of disjoint seeds."""
    plain = RenderConfig()
    return (
        Pool(USUAL_POOL, recipe.pool, 1_000_000, POOL_PX, plain),
        Pool(WIDE_POOL, recipe.wide_pool, 3_000_000, POOL_PX, WIDE),
        Pool(MASONRY_POOL, recipe.mixture.masonry_pool, 5_000_000, POOL_PX, MASONRY),
        Pool(DEVELOPMENT_POOL, recipe.development_renderings, 9_000_000, DEVELOPMENT_PX, plain),
    )


def usual_sources(recipe: Recipe, data: TrainingData, size_px: int) -> list[ExampleSource]:
    """Renderings, close-ups, field photographs and pictures without a crack, `size_px` wide.

    Raises:
        DataError: a pool is not finished, or pictures without a crack are missing.
    """
    cracked, intact = (data.close_up_paths("train", cracked=one) for one in (True, False))
    return [
        Rendered(data.run / USUAL_POOL, size_px, recipe.rendered),
        Rendered(data.run / WIDE_POOL, size_px, recipe.wide_rendered),
        CloseUps(cracked, [True] * len(cracked), size_px, recipe.cracked_close_ups),
        CloseUps(intact, [False] * len(intact), size_px, recipe.intact_close_ups),
        FieldPhotographs(data.data / FIELD, read_annotations(), size_px, recipe.field_photographs),
        OtherPictures(data.negative_paths(), size_px, recipe.other_pictures),
    ]

"""What a study trains and judges on: made once, shared by all its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from crackscan.core.dataset.index import Item
from crackscan.core.dataset.split import Split
from crackscan.core.dataset.split_file import read_split, write_split
from crackscan.core.errors import DataError
from crackscan.core.run_folder import SPLIT
from crackscan.train.data.data_folder import CLOSE_UPS, FIELD, check_data_folder
from crackscan.train.data.examples import Example, ExampleSource
from crackscan.train.data.field_annotations import read_annotations
from crackscan.train.data.labelled_patches import LabelledPatches
from crackscan.train.data.negatives import collect_negatives
from crackscan.train.data.photographs import CloseUps, FieldPhotographs, OtherPictures
from crackscan.train.data.rendered import Pool, Rendered, render_pool
from crackscan.train.data.split import split_folder
from crackscan.train.data.thumbnails import Report
from crackscan.train.fitting.distillation import VIEWS
from crackscan.train.fitting.recipe import DEVELOPMENT_PX, POOL_PX, RECIPES, WIDE
from crackscan.train.fitting.recipe_examples import DEVELOPMENT_POOL
from crackscan.train.fitting.training_data import USUAL_POOL, WIDE_POOL
from crackscan.train.render.sample import RenderConfig

BARE = RenderConfig(crack_share=1.0, look_alike_share=0.0)
"""Cracks only: nothing that looks like one, neither beside them nor instead."""
_RECIPE = RECIPES["crack-s"]
JUDGED_CELLS = _RECIPE.judged_cells
"""k of the top-k mean by which all networks are judged, as the shipped ones are."""
SHARES: Mapping[str, int] = {
    "rendered": _RECIPE.rendered,
    "wide": _RECIPE.wide_rendered,
    "cracked": _RECIPE.cracked_close_ups,
    "intact": _RECIPE.intact_close_ups,
    "field": _RECIPE.field_photographs,
    "others": _RECIPE.other_pictures,
}
"""The kinds of examples and their shares, as the shipped models have them."""
BARE_POOL = "pool-bare"
POOLS = {"rendered": USUAL_POOL, "wide": WIDE_POOL, "bare": BARE_POOL}
"""The kinds that are rendered, and the folders of their pools."""


@dataclass(frozen=True)
class Size:
    """How much of everything a study takes."""

    examples: int = 36_000
    """That each run learns from."""
    size_px: int = 192
    batch: int = 32
    pool: int = 14_336
    wide_pool: int = 3_072
    bare_pool: int = 6_144
    development_renderings: int = 800
    development_photographs: int | None = None
    field_photographs: int | None = None
    taught: int = 30_000
    """Examples that a teacher is asked for, where networks that start from nothing have one."""
    passes: int = 2
    """How often those go over them."""


QUICK = Size(48, 96, 8, 48, 16, 24, 32, 4, 4, 48, 1)


@dataclass(frozen=True)
class Materials:
    """Data folder, split and pools of renderings."""

    data: Path
    split: Split
    others: Path
    pools: Mapping[str, Path]
    """`pool`, `pool-wide`, `pool-development` and, where asked for, `pool-bare`."""
    size: Size
    views: Path
    """Where a teacher's predictions are kept, or was kept by the run that the pools are from."""

    def paths(self, items: Sequence[Item], label: bool) -> list[Path]:
        """The close-ups among `items` that show a crack, or none."""
        return [self.data / CLOSE_UPS / item.path for item in items if item.label is label]

    def sources(self, kinds: Sequence[str]) -> list[ExampleSource]:
        """Sources of the kinds in SHARES, together as many examples as `size` asks for.

        Raises:
            DataError: there are no other pictures, or no pool of that name.
        """
        px = self.size.size_px
        items = self.split.items("train")
        others = sorted(self.others.glob("*.jpg"))
        if "others" in kinds and not others:
            raise DataError(f"{self.others} holds no .jpg pictures")
        found: list[ExampleSource] = []
        for kind, count in share_out(kinds, self.size.examples).items():
            if kind in ("cracked", "intact"):
                paths = self.paths(items, kind == "cracked")
                found.append(CloseUps(paths, [kind == "cracked"] * len(paths), px, count))
            elif kind == "field":
                annotated = read_annotations()[: self.size.field_photographs]
                found.append(FieldPhotographs(self.data / FIELD, annotated, px, count))
            elif kind == "others":
                found.append(OtherPictures(others, px, count))
            else:
                pool = POOLS[kind]
                found.append(Rendered(self.pools[pool], px, count))
        return found

    def close_ups(self, items: Sequence[Item]) -> LabelledPatches:
        """Every eighth close-up of `items`, crack and no crack, as they are."""
        chosen = sorted(items, key=lambda item: (not item.label, item.path))[::8]
        return open_patches(self.data / CLOSE_UPS, chosen, self.size.size_px, vary=False)


def open_patches(root: Path, items: Sequence[Item], size: int, vary: bool) -> LabelledPatches:
    """Patches of class folders, with nothing known of their cells."""
    paths = [root / item.path for item in items]
    return LabelledPatches(paths, [bool(item.label) for item in items], size, vary)


class Drawn:
    """`count` examples of another source, drawn at random."""

    def __init__(self, source: ExampleSource, count: int) -> None:
        self.source, self.count = source, count

    def __len__(self) -> int:
        return self.count

    def example(self, index: int, rng: np.random.Generator) -> Example:  # noqa: ARG002
        return self.source.example(int(rng.integers(len(self.source))), rng)


def share_out(kinds: Sequence[str], total: int) -> dict[str, int]:
    """`total` examples by the shares of these kinds; `bare` stands for both kinds of renderings."""
    shares = {**SHARES, "bare": SHARES["rendered"] + SHARES["wide"]}
    ends = np.cumsum([shares[kind] for kind in kinds])
    bounds = np.round(ends * (total / ends[-1])).astype(int)
    return dict(zip(kinds, np.diff(bounds, prepend=0).tolist(), strict=True))


def gather_materials(
    data: Path,
    out: Path,
    size: Size,
    pool: Path | None,
    negatives: Path | None,
    workers: int,
    report: Report,
    bare: bool = False,
) -> Materials:
    """Split the close-ups and render what is not there yet.

    `pool` is a run folder of `crackscan-train model` whose split and renderings are taken as they
    are, and its teacher's word; what it lacks is made in `out`. `negatives` are pictures without a
    crack, by default collected from Debian packages into `out`.

    Raises:
        CrackscanError: part of the data is missing.
    """
    check_data_folder(data)
    if pool is not None and not (pool / "pool" / "pool.json").is_file():
        raise DataError(f"{pool} holds no finished pool of renderings")
    out.mkdir(parents=True, exist_ok=True)
    split = _split_close_ups(data / CLOSE_UPS, out, pool, report)
    others = negatives or out / "negatives"
    if not any(others.glob("*.jpg")):
        collect_negatives(others, report=report)
    views = out / VIEWS if pool is None or not (pool / VIEWS).is_dir() else pool / VIEWS
    materials = Materials(data, split, others, {}, size, views)
    intact = materials.paths(split.items("train"), label=False)
    pools = {}
    for wanted in _list_pools(size, bare):
        folder = out / wanted.name
        if pool is not None and (pool / wanted.name / "pool.json").is_file():
            folder = pool / wanted.name
        else:
            render_pool(wanted, folder, intact, workers, report)
        pools[wanted.name] = folder
    return replace(materials, pools=pools)


def _list_pools(size: Size, bare: bool) -> list[Pool]:
    plain = RenderConfig()
    pools = [
        Pool(USUAL_POOL, size.pool, 1_000_000, POOL_PX, plain),
        Pool(WIDE_POOL, size.wide_pool, 3_000_000, POOL_PX, WIDE),
        Pool(DEVELOPMENT_POOL, size.development_renderings, 9_000_000, DEVELOPMENT_PX, plain),
    ]
    return [*pools, Pool(BARE_POOL, size.bare_pool, 5_000_000, POOL_PX, BARE)] if bare else pools


def _split_close_ups(close_ups: Path, out: Path, pool: Path | None, report: Report) -> Split:
    for folder in (out, pool):
        if folder is not None and (folder / SPLIT).is_file():
            return read_split(folder / SPLIT)
    split = split_folder(close_ups, 0, report)
    write_split(out / SPLIT, split)
    return split

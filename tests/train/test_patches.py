"""Pictures with masks are cut by one fixed rule, so that figures compare."""

from pathlib import Path

import numpy as np
import pytest

from crackscan.core.dataset.index import Item
from crackscan.core.dataset.patches import crack_mask, mask_patches
from crackscan.core.errors import PictureError
from crackscan.core.picture_writing import write_picture

ITEM = Item("images/wall.png", mask="masks/wall.png")


def write(root: Path, mask: np.ndarray, *, height: int = 0, width: int = 0) -> np.ndarray:
    """A wall whose pixels encode their position, and its mask."""
    y, x = np.mgrid[: height or mask.shape[0], : width or mask.shape[1]]
    rgb = np.stack([x % 256, y % 256, x // 256 + 4 * (y // 256)], axis=2).astype(np.uint8)
    for name, picture in (("images", rgb), ("masks", mask[..., None].repeat(3, axis=2))):
        (root / name).mkdir()
        write_picture(root / name / "wall.png", picture)
    return rgb


@pytest.mark.parametrize(
    ("crack_pixels", "label"), [(0, [False]), (1, []), (59, []), (60, [True]), (128 * 128, [True])]
)
def test_crack_pixels_decide_the_label(tmp_path, crack_pixels, label):
    mask = np.zeros((128, 128), np.uint8)
    mask.flat[:crack_pixels] = 255
    write(tmp_path, mask)
    assert [patch.label for patch in mask_patches(tmp_path, [ITEM])] == label


@pytest.mark.parametrize(
    ("height", "width", "places"),
    [
        (128, 128, [(0, 0)]),
        (127, 500, []),
        (384, 544, [(x, y) for y in (0, 128, 256) for x in (0, 128, 256, 384)]),
    ],
)
def test_patches_tile_from_the_top_left_without_the_rest(tmp_path, height, width, places):
    rgb = write(tmp_path, np.zeros((height, width), np.uint8))
    patches = list(mask_patches(tmp_path, [ITEM]))
    assert [(patch.x, patch.y) for patch in patches] == places
    for patch in patches:
        np.testing.assert_array_equal(
            patch.rgb, rgb[patch.y : patch.y + 128, patch.x : patch.x + 128]
        )
        assert patch.item == ITEM


@pytest.mark.parametrize(("grey", "crack"), [(0, False), (127, False), (128, True), (255, True)])
def test_bright_means_crack(tmp_path, grey, crack):
    rgb = write(tmp_path, np.full((4, 6), grey, np.uint8))
    mask = crack_mask(tmp_path / "masks" / "wall.png", rgb)
    assert mask.shape == (4, 6)
    assert mask.dtype == bool
    assert (mask == crack).all()


def test_a_mask_of_another_size_is_refused(tmp_path):
    write(tmp_path, np.zeros((128, 128), np.uint8), width=256)
    with pytest.raises(PictureError, match="is 128x128 pixels, its picture 256x128"):
        list(mask_patches(tmp_path, [ITEM]))

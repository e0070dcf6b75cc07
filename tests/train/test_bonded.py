"""Rendered masonry: joints in a bond, cracks along them and across the stones."""

import numpy as np
import pytest

from crackscan.train.render.bonded import BONDS, _cheapest_way, grow_in_masonry, lay_masonry
from crackscan.train.render.sample import RenderConfig, render_sample

SIDE = 160
MASONRY = RenderConfig(crack_share=1.0, look_alike_share=0.0, masonry_share=1.0)


def test_a_wall_has_stones_and_joints_of_every_bond() -> None:
    walls = [lay_masonry(np.random.default_rng(seed), SIDE) for seed in range(24)]
    assert {one.kind for one in walls} == set(BONDS)
    for one in walls:
        assert one.wall.shape == (SIDE, SIDE, 3)
        assert ((one.wall >= 0) & (one.wall <= 1)).all()
        assert 0.01 < one.joint.mean() < 0.6


@pytest.mark.parametrize(("across", "in_joints"), [(1.0, False), (40.0, True)])
def test_dear_stones_keep_a_crack_in_the_joints(across: float, in_joints: bool) -> None:
    joint = np.zeros((SIDE, SIDE), np.float32)
    joint[::20] = joint[1::20] = joint[2::20] = 1
    joint[:, ::20] = joint[:, 1::20] = joint[:, 2::20] = 1
    shares = []
    for seed in range(10):
        course = _cheapest_way(np.random.default_rng(seed), joint, across)
        at = np.rint(course).astype(int).clip(0, SIDE - 1)
        shares.append(joint[at[:, 1], at[:, 0]].mean())
    assert (np.mean(shares) > 0.7) == in_joints


def test_cracks_lie_in_the_picture_and_are_as_wide_as_asked() -> None:
    wall = lay_masonry(np.random.default_rng(1), SIDE)
    grown = grow_in_masonry(np.random.default_rng(2), wall, 1.0, 4.0)
    assert grown
    for piece in grown:
        assert ((piece.points[:, :2] > -4) & (piece.points[:, :2] < SIDE + 4)).all()
        assert piece.points[:, 2].max() < 4 * 3


def test_the_same_seed_gives_the_same_picture_with_its_mask() -> None:
    one, again = (render_sample(5, SIDE, (), MASONRY) for _ in range(2))
    assert (one.rgb == again.rgb).all()
    assert (one.mask == again.mask).all()
    seen = [render_sample(seed, SIDE, (), MASONRY) for seed in range(12)]
    assert sum((sample.mask > 0).any() for sample in seen) >= 9


def test_other_renderings_are_as_they_were() -> None:
    plain = render_sample(7, SIDE)
    assert (plain.rgb == render_sample(7, SIDE, (), RenderConfig(masonry_share=0.0)).rgb).all()
    assert "bricks" not in plain.kind

"""Board marks: what rough-sawn formwork leaves on concrete."""

import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    log_uniform,
    picture_grain,
    shade_picture,
    smooth_field,
)
from crackscan.train.render.lookalikes.course import (
    along_across,
    draw_course,
    lay_strip,
    strip_length,
)


def draw_board_marks(picture: Field, rng: Rng) -> Field:
    """The print of rough boards: parallel strips of differing tone with grain and fine seams."""
    shape = picture.shape[:2]
    along, across = along_across(shape, draw_course(rng, shape, 0.7, off_middle=0))
    board_px = log_uniform(rng, 16, 130)
    half = strip_length(shape) // 2
    columns = half  # two pixels a column: along the boards all is long
    rows = np.arange(-half, half + 1, dtype=np.float32)
    count = int(2 * half / board_px) + 4
    seams = np.cumsum(board_px * rng.uniform(0.85, 1.15, count)).astype(np.float32)
    seams += np.float32(rng.uniform(-board_px, 0) - half - board_px)
    board = np.clip(np.searchsorted(seams, rows), 1, count - 1)
    nearer = np.where(rows - seams[board - 1] < seams[board] - rows, board - 1, board)
    near = rows - seams[nearer]
    spread_of_tone = rng.uniform(0.01, 0.07)
    tones = rng.normal(0, spread_of_tone, count + 1).astype(np.float32)
    sheet = np.repeat(tones[board][:, None], columns, 1)
    fine_px = log_uniform(rng, 1.5, 5)
    fibre = smooth_field(rng, (len(rows), columns), (fine_px, fine_px * rng.uniform(10, 40)), 2)
    clear = np.abs(rng.normal(0, rng.uniform(0.005, 0.035), count + 1)).astype(np.float32)
    sheet += clear[board][:, None] * fibre
    # a seam is a dark gap, a lit fin, both side by side, or hardly there
    seam_px = log_uniform(rng, 0.7, 4.5)
    dark = np.clip(rng.normal(0.22, 0.18, count), 0, 0.75).astype(np.float32)
    lit = np.clip(rng.normal(-0.05, 0.15, count), 0, 0.35).astype(np.float32)
    gap = np.clip(seam_px / 2 + 0.5 - np.abs(near), 0, min(1.0, seam_px))
    fin = np.clip(seam_px / 2 + 0.5 - np.abs(near - seam_px), 0, min(1.0, seam_px))
    wear = np.clip(0.8 + 0.4 * smooth_field(rng, (len(rows), columns), (board_px, 25), 2), 0, 1.4)
    sheet += (fin * lit[nearer] - gap * dark[nearer])[:, None] * wear
    place = (along / 2, across + np.float32(0.5) * smooth_field(rng, shape, 60))
    gain = 1 + lay_strip(sheet, place) * np.clip(1 + 0.2 * picture_grain(picture), 0.4, 1.6)
    return shade_picture(picture, np.clip(gain, 0.1, 1.8), rng.uniform(0.9, 1.1, 3))

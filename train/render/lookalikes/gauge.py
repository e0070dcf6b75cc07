"""Tapes, rules and gauges: bands and cards of fine ruled lines, held against a wall."""

import cv2
import numpy as np

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    as_field,
    band_coverage,
    cover_picture,
    draw_chance,
    log_uniform,
    shade_picture,
    smooth_field,
    soften_field,
    tint_brightness,
)
from crackscan.train.render.lookalikes.course import along_across, draw_course
from crackscan.train.render.lookalikes.hole import shift_field
from crackscan.train.render.lookalikes.pen import rotation_matrix


def draw_tape_measure(picture: Field, rng: Rng) -> Field:
    """A steel tape, folding rule or scale bar: a bright band of ticks and numbers on the wall."""
    shape = picture.shape[:2]
    wide = log_uniform(rng, 12, 60) * min(1.0, min(shape) / 200)
    along, across = along_across(shape, draw_course(rng, shape, 0.6))
    tick = wide * log_uniform(rng, 0.04, 0.2)
    body = band_coverage(across, -wide / 2, wide / 2, 1.3)
    kinds = [(0.92, 0.8, 0.2), (0.93, 0.93, 0.9), (0.75, 0.76, 0.78), (0.9, 0.75, 0.5)]
    colour = np.clip(np.array(kinds[rng.integers(4)]) * rng.uniform(0.7, 1.1), 0, 1)
    light = 1 + np.float32(rng.uniform(-0.3, 0.3)) * across / np.float32(wide)
    light += np.float32(0.04) * smooth_field(rng, shape, 25, 2)
    ticks = np.zeros(shape, np.float32)
    turns = along / np.float32(tick)
    for every, long in ((1, 0.2), (5, 0.32), (10, 0.5)):
        near = np.abs(turns / every - np.rint(turns / every)) * np.float32(every * tick)
        line = max(0.5, 0.2 * tick)
        mark = np.clip(line / 2 + 0.5 - near, 0, min(1, line))
        ticks = np.maximum(ticks, mark * (across < (long - 0.5) * wide))
    page = np.zeros((max(8, round(wide)), 2 * round(max(shape) * 0.8)), np.uint8)
    scale = wide / 55
    for number in range(int(page.shape[1] / (10 * tick)) + 1):
        at = (round(number * 10 * tick + 2), round(page.shape[0] * 0.92))
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(
            page, str(number + int(rng.integers(0, 2))), at, font, scale, 255, 1, cv2.LINE_AA
        )
    x, y = along + np.float32(page.shape[1] // 2), across + np.float32(page.shape[0] / 2)
    numbers = as_field(cv2.remap(page, x, y, cv2.INTER_LINEAR)) * np.float32(1 / 255)
    ink = np.maximum(ticks, numbers)
    painted = picture
    if draw_chance(rng, 0.7):
        off = wide * rng.uniform(0.05, 0.3)
        dark = band_coverage(across, off - wide / 2, off + wide / 2, 1 + off * 0.6)
        painted = shade_picture(painted, 1 - np.float32(rng.uniform(0.2, 0.55)) * dark)
    end = rng.uniform(-0.5, 0.3) * max(shape) if draw_chance(rng, 0.5) else -1e4
    shown = np.clip(along - np.float32(end) + 0.5, 0, 1)
    tape = tint_brightness(light * (1 - 0.85 * ink), colour)
    return cover_picture(painted, tape, body * shown)


def draw_crack_gauge(picture: Field, rng: Rng) -> Field:
    """A crack-width card: ruled lines from hair-thin to broad with their widths beside them."""
    shape = picture.shape[:2]
    tall = min(shape) * rng.uniform(0.25, 0.6)
    wide = tall * rng.uniform(1.3, 2.2)
    page = np.full((max(24, round(tall)), max(32, round(wide))), 255, np.uint8)
    height, width = page.shape
    rows = int(rng.integers(4, 9))
    for row in range(rows):
        y = round(height * (row + 0.7) / (rows + 0.5))
        thick = max(1, round(tall * 0.002 * 1.45**row))
        tone = 90 if thick == 1 else 20
        cv2.line(page, (round(width * 0.35), y), (round(width * 0.93), y), tone, thick, cv2.LINE_AA)
        scale = max(0.25, height / rows / 40)
        at = (round(width * 0.05), y + round(4 * scale))
        text = f"{0.1 * 1.5**row:.2f}"
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 30, 1, cv2.LINE_AA)
    layers = np.dstack([page, np.full_like(page, 255)])
    turn = rotation_matrix(
        rng.normal(0, 0.15) if draw_chance(rng, 0.6) else rng.uniform(0, 2 * np.pi)
    ).T
    turn = turn @ np.array([[1, rng.normal(0, 0.08)], [0, 1]])
    aim = rng.uniform(0.2, 0.8, 2) * [shape[1], shape[0]]
    place = np.column_stack([turn, aim - turn @ [width / 2, height / 2]])
    laid = as_field(cv2.warpAffine(layers, place, shape[::-1])) * np.float32(1 / 255)
    ink, card = laid[..., 0], laid[..., 1]
    dark = soften_field(shift_field(card, 2, 3), 2)
    painted = shade_picture(picture, 1 - np.float32(rng.uniform(0.1, 0.5)) * dark)
    glare = 1 + np.float32(0.06) * smooth_field(rng, shape, 60, 1)
    white = (1, 1, 0.98) if draw_chance(rng, 0.7) else (1, 0.88, 0.45)
    paper = np.array(white) * rng.uniform(0.7, 1.0)
    return cover_picture(painted, tint_brightness(ink * glare, paper), card)

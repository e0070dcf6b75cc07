"""Marks: chalk, pencil, paint and writing that people leave on a wall."""

import cv2
import numpy as np
import numpy.typing as npt

from crackscan.train.render.lookalikes.brush import (
    Field,
    Rng,
    as_field,
    cover_picture,
    draw_chance,
    log_uniform,
    picture_grain,
    smooth_field,
    soften_field,
)
from crackscan.train.render.lookalikes.pen import Pen, rotation_matrix, smooth_curve

FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
LETTERS = "ABCDEFGHKLMNPRSTUVWXYZ0123456789"


def draw_words(rng: Rng) -> str:
    """What inspectors and builders write: widths, dates, axes, numbers, initials."""
    kind = int(rng.integers(6))
    if kind == 0:
        return f"{rng.choice([0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5]):.2f}"
    if kind == 1:
        return f"w={rng.uniform(0.05, 3):.1f} mm"
    if kind == 2:
        return f"{rng.integers(1, 29)}.{rng.integers(1, 13)}.{rng.integers(5, 30):02d}"
    if kind == 3:
        return f"{rng.choice(list('ABCDEFP'))}{rng.integers(1, 99)}"
    if kind == 4:
        return f"+{rng.uniform(0, 30):.2f}"
    return "".join(rng.choice(list(LETTERS), int(rng.integers(1, 7))))


def write_words(rng: Rng, shape: tuple[int, int], tall_px: float, thick_px: float) -> Field:
    """Some words as coverage (H, W), turned, leaning and a little out of true."""
    fine = 2 if tall_px < 60 else 1
    font = FONTS[rng.integers(len(FONTS))]
    text = draw_words(rng)
    scale = tall_px * fine / 22
    thick = max(1, round(thick_px * fine))
    (wide, tall), base = cv2.getTextSize(text, font, scale, thick)
    page = np.zeros((tall + base + 4 * thick + 8, wide + 4 * thick + 8), np.uint8)
    origin = (2 * thick + 4, tall + 2 * thick + 2)
    cv2.putText(page, text, origin, font, scale, 255, thick, cv2.LINE_AA)
    angle = rng.normal(0, 0.15) if draw_chance(rng, 0.8) else rng.uniform(0, 2 * np.pi)
    turn = rotation_matrix(angle).T @ np.array([[1, rng.normal(0, 0.2)], [0, 1]]) / fine
    aim = rng.uniform(0.2, 0.8, 2) * [shape[1], shape[0]]
    offset = aim - turn @ [page.shape[1] / 2, page.shape[0] / 2]
    place = np.column_stack([turn, offset])
    laid = cv2.warpAffine(soften_field(page, 0.5 * (fine - 1)), place, shape[::-1])
    return as_field(laid) * np.float32(1 / 255)


def scribble_figure(rng: Rng, pen: Pen, thick_px: float) -> None:
    """Draw one of the figures people chalk: a line, an arrow, a cross, a ring, a box, a tick."""
    height, width = pen.shape
    size = min(height, width) * log_uniform(rng, 0.12, 0.6)
    middle = rng.uniform(0.1, 0.9, 2) * [width, height]
    turn = rotation_matrix(
        rng.normal(0, 0.2) if draw_chance(rng, 0.5) else rng.uniform(0, 2 * np.pi)
    )
    kind = int(rng.integers(7))
    strokes: list[npt.NDArray[np.float64]]
    if kind <= 1:
        far = 1.6 * max(height, width)
        strokes = [
            np.array([[-far, 0.0], [far, 0.0]]) if kind else np.array([[-size, 0], [size, 0]])
        ]
    elif kind == 2:
        strokes = [
            np.array([[-size, 0.0], [size, 0]]),
            np.array([[0.6, -0.3], [1, 0], [0.6, 0.3]]) * size,
        ]
    elif kind == 3:
        strokes = [
            np.array([[-0.5, -0.5], [0.5, 0.5]]) * size,
            np.array([[-0.5, 0.5], [0.5, -0.5]]) * size,
        ]
    elif kind == 4:
        turns = np.linspace(0, 2 * np.pi * rng.uniform(0.9, 1.1), 40)
        radius = size * (0.6 + 0.03 * np.cos(2 * turns + rng.uniform(0, 6)))
        strokes = [np.stack([np.cos(turns) * radius, np.sin(turns) * radius * 0.8], 1)]
    elif kind == 5:
        strokes = [
            np.array([[-1.0, -0.6], [1, -0.6], [1, 0.6], [-1, 0.6], [-1, -0.6]]) * size * 0.7
        ]
    else:
        strokes = [np.array([[-0.4, 0.0], [-0.1, 0.4], [0.6, -0.5]]) * size]
    for stroke in strokes:
        drawn = stroke @ turn + middle
        if len(drawn) == 2:  # a drawn line bows a little
            bow = rng.normal(0, 0.01) * np.linalg.norm(drawn[1] - drawn[0])
            aside = np.array([-(drawn[1] - drawn[0])[1], (drawn[1] - drawn[0])[0]])
            aside /= max(float(np.linalg.norm(aside)), 1e-6)
            drawn = smooth_curve(np.vstack([drawn[0], drawn.mean(0) + bow * aside, drawn[1]]), 24)
        pen.line(drawn, thick_px)


def draw_chalk(picture: Field, rng: Rng) -> Field:
    """Chalk and wax crayon: grainy strokes that catch on the rough and leave the hollows bare."""
    shape = picture.shape[:2]
    thick = log_uniform(rng, 1.2, 9)
    pen = Pen(shape, 2)
    for _ in range(int(rng.integers(1, 4))):
        scribble_figure(rng, pen, thick)
    drawn = pen.coverage()
    if draw_chance(rng, 0.35):
        text = write_words(rng, shape, log_uniform(rng, 14, 70), thick)
        drawn = np.maximum(drawn, text)
    powder = np.clip(
        0.7 + 0.35 * picture_grain(picture) + 0.35 * smooth_field(rng, shape, 1.6, 1), 0, 1.1
    )
    worn = np.clip(0.9 + 0.35 * smooth_field(rng, shape, 35, 2), 0.1, 1)
    kinds = [
        (0.95, 0.95, 0.93),
        (0.25, 0.4, 0.75),
        (0.8, 0.2, 0.18),
        (0.9, 0.8, 0.25),
        (0.1, 0.1, 0.1),
    ]
    colour = np.array(kinds[rng.choice(5, p=[0.5, 0.15, 0.12, 0.13, 0.1])])
    alpha = soften_field(drawn, 0.4) * powder * worn
    return cover_picture(picture, colour, alpha * np.float32(rng.uniform(0.4, 1)))


def draw_pencil(picture: Field, rng: Rng) -> Field:
    """Pencil and marker lines: thin, dark, ruled, single, double or with ticks across."""
    shape = picture.shape[:2]
    size = max(shape)
    thick = log_uniform(rng, 0.6, 3)
    pen = Pen(shape, 3)
    for _ in range(int(rng.integers(1, 4))):
        middle = rng.uniform(0.1, 0.9, 2) * [shape[1], shape[0]]
        turn = rotation_matrix(rng.integers(0, 2) * np.pi / 2 + rng.normal(0, 0.05))
        if draw_chance(rng, 0.4):
            turn = rotation_matrix(rng.uniform(0, 2 * np.pi))
        far = size * (2 if draw_chance(rng, 0.5) else log_uniform(rng, 0.15, 0.7))
        for beside in [0.0, thick * rng.uniform(3, 8)][: 1 + int(draw_chance(rng, 0.25))]:
            pen.line(np.array([[-far, beside], [far, beside]]) @ turn + middle, thick)
        if draw_chance(rng, 0.3):
            for at in np.arange(-far, far, size * rng.uniform(0.06, 0.2))[:30]:
                tick = thick * rng.uniform(3, 8)
                pen.line(np.array([[at, -tick], [at, tick]]) @ turn + middle, thick)
    lead = np.clip(
        0.8 + 0.2 * picture_grain(picture) + 0.15 * smooth_field(rng, shape, 2, 1), 0, 1.2
    )
    press = np.clip(0.8 + 0.3 * smooth_field(rng, shape, 40, 2), 0.1, 1)
    colour = np.array([1, 1, 1.05]) * rng.uniform(0.05, 0.35)
    if draw_chance(rng, 0.2):
        colour = np.array([[0.7, 0.15, 0.12], [0.12, 0.2, 0.6]])[rng.integers(2)]
    return cover_picture(
        picture, colour, pen.coverage() * lead * press * np.float32(rng.uniform(0.35, 1))
    )


def draw_writing(picture: Field, rng: Rng) -> Field:
    """Writing and spray paint: letters and numbers thin to fat, with soft edges and runs."""
    shape = picture.shape[:2]
    tall = log_uniform(rng, 14, max(16, 0.7 * min(shape)))
    thick = float(np.clip(tall * log_uniform(rng, 0.03, 0.2), 0.8, 18))
    drawn = write_words(rng, shape, tall, thick)
    if draw_chance(rng, 0.4):
        drawn = np.maximum(drawn, write_words(rng, shape, tall * rng.uniform(0.5, 1), thick))
    sprayed = draw_chance(rng, 0.45)
    if sprayed:
        drawn = np.minimum(1, 1.2 * soften_field(drawn, thick * rng.uniform(0.1, 0.5)))
        if draw_chance(rng, 0.4):  # the paint ran
            long = int(log_uniform(rng, 3, 4 + 0.3 * shape[0]))
            down = np.zeros((2 * long + 1, 1), np.uint8)
            down[long:] = 1
            from_ = drawn * (smooth_field(rng, (1, shape[1]), 3) > 1.5)
            drawn = np.maximum(drawn, 0.8 * cv2.dilate(as_field(from_), down[::-1]))
    kinds = [
        (0.06, 0.06, 0.07),
        (0.75, 0.1, 0.1),
        (0.1, 0.2, 0.6),
        (0.9, 0.9, 0.88),
        (0.9, 0.45, 0.1),
    ]
    colour = np.array(kinds[rng.choice(5, p=[0.35, 0.22, 0.15, 0.18, 0.1])])
    worn = np.clip(
        0.95 + rng.uniform(0, 0.3) * (picture_grain(picture) + smooth_field(rng, shape, 20, 3)),
        0,
        1,
    )
    return cover_picture(picture, colour, drawn * worn * np.float32(rng.uniform(0.5, 1)))

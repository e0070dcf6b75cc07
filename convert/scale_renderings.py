"""A virtual camera before a wall with the printed target: what scales are measured against."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscan.core.pictures import RGB
from crackscan.core.rendering.procedural_walls import concrete_wall
from crackscan.edge.measurement.scale.aruco import draw_marker
from crackscan.edge.measurement.scale.charuco_board import CharucoBoard
from crackscan.edge.measurement.scale.lens import Lens

Floats = NDArray[np.float64]
FINER = 2
"""How many times finer the picture is drawn before it is averaged over the pixels."""
PAPER_MM = 5.0
"""White round the board."""
WALL_PX = 512
INK, PAPER = 0.10, 0.82
"""Brightness of printed black and of paper."""


@dataclass(frozen=True, eq=False)
class CameraPose:
    """Where the wall's plane is before the camera; its x, y are mm from the board's corner."""

    rotation: Floats
    """(3, 3) from the wall to the camera."""
    shift_mm: Floats
    """(3,)"""

    def project_points(self, mm: Floats, lens: Lens) -> Floats:
        """Where wall places (n, 2) appear in the frame, (n, 2) px."""
        flat = np.column_stack([mm, np.zeros(len(mm))])
        turn, _ = cv2.Rodrigues(self.rotation)
        bend = np.array(lens.distortion or (0.0,) * 5)
        found, _ = cv2.projectPoints(flat, turn, self.shift_mm, lens.matrix, bend)
        return np.asarray(found, np.float64).reshape(-1, 2)

    def mm_per_px(self, mm: Floats, lens: Lens) -> Floats:
        """The true scale (n,) at wall places (n, 2), the mean of all directions."""
        step = 0.25
        moves = [
            (self.project_points(mm + m, lens) - self.project_points(mm - m, lens)) / (2 * step)
            for m in (np.array([step, 0.0]), np.array([0.0, step]))
        ]
        area = moves[0][:, 0] * moves[1][:, 1] - moves[0][:, 1] * moves[1][:, 0]
        return np.asarray(1 / np.sqrt(np.abs(area)))

    def on_wall(self, places: Floats, lens: Lens) -> Floats:
        """The wall places (n, 2), mm, that appear at frame places (n, 2)."""
        homography = lens.matrix @ np.column_stack([self.rotation[:, :2], self.shift_mm])
        straight = lens.undistort_points(places)
        full = np.column_stack([straight, np.ones(len(straight))]) @ np.linalg.inv(homography).T
        return np.asarray(full[:, :2] / full[:, 2:])


def pose_at(
    rng: np.random.Generator, board: CharucoBoard, lens: Lens, share: float, tilt_deg: float
) -> CameraPose:
    """A pose in which the board's diagonal fills a share of the frame's width.

    The wall leans `tilt_deg` in some direction; the board is turned at random, and lies at a
    random place of the frame, whole if it fits.
    """
    diagonal_mm = float(np.hypot(board.width_mm, board.height_mm))
    distance_mm = lens.focal_px * diagonal_mm / (share * lens.width_px)
    lean, turn = rng.uniform(0, 2 * np.pi, 2)
    axis = np.deg2rad(tilt_deg) * np.array([np.cos(lean), np.sin(lean), 0.0])
    rotation = cv2.Rodrigues(axis)[0] @ cv2.Rodrigues(np.array([0.0, 0.0, turn]))[0]
    room = np.maximum(
        np.array([lens.width_px, lens.height_px]) / 2 - share * lens.width_px * 0.45, 0
    )
    aim = np.append(rng.uniform(-room, room) / lens.focal_px, 1.0) * distance_mm
    middle = np.array([board.width_mm / 2, board.height_mm / 2, 0.0])
    return CameraPose(rotation, aim - rotation @ middle)


def photograph_board(
    rng: np.random.Generator,
    board: CharucoBoard,
    lens: Lens,
    pose: CameraPose,
    blur_px: float,
    noise: float,
    quality: int,
) -> RGB:
    """The picture: wall and board, uneven light, blur, sensor noise (grey levels) and JPEG."""
    height, width = lens.height_px, lens.width_px
    mm = _wall_places(lens, pose, width, height)
    wall = concrete_wall(rng, WALL_PX)
    scale = WALL_PX / 600.0
    texture = _sample_picture(np.asarray(wall, np.float32), mm * scale, cv2.BORDER_REFLECT_101)
    printed, per_mm = _print_board(
        board, float(np.median(pose.mm_per_px(_board_corners(board), lens)))
    )
    at = (mm + PAPER_MM) * per_mm - 0.5
    sheet = _sample_picture(printed, at, cv2.BORDER_CONSTANT)
    cover = _sample_picture(np.ones_like(printed), at, cv2.BORDER_CONSTANT)[..., None]
    drawn = texture * (1 - cover) + sheet[..., None]
    soft = cv2.GaussianBlur(np.asarray(drawn, np.float32), (0, 0), blur_px * FINER)
    small = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    left, right = rng.uniform(0.75, 1.05, 2).tolist()
    fall = np.linspace(left, right, width)
    lit = 255 * small * fall[None, :, None] + rng.normal(0, noise, small.shape)
    bgr = np.clip(np.rint(lit[..., ::-1]), 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def _board_corners(board: CharucoBoard) -> Floats:
    wide, high = board.width_mm, board.height_mm
    return np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float64)


def _wall_places(lens: Lens, pose: CameraPose, width: int, height: int) -> NDArray[np.float32]:
    """The wall place (mm) of each point of the finer picture, (FINER H, FINER W, 2).

    Exact at every eighth pixel, linear between, which is right to 0.02 px: a lens bends smoothly.
    (`remap` would round places to a 32nd of those eight pixels, and OpenCV's cubic interpolation
    does not keep straight lines straight.)
    """
    step = 8
    x = np.arange(-2 * step, width + 3 * step, step, dtype=np.float64)
    y = np.arange(-2 * step, height + 3 * step, step, dtype=np.float64)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    coarse = pose.on_wall(grid.reshape(-1, 2), lens).reshape(grid.shape).astype(np.float32)
    times = step * FINER
    fine = cv2.resize(coarse, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR)
    # Where the finer picture's first point, (0.5 / FINER - 0.5) px, has come to lie.
    first = round(((0.5 / FINER - 0.5) / step + 2 + 0.5) * times - 0.5)
    part = fine[first : first + height * FINER, first : first + width * FINER]
    return np.asarray(part, np.float32)


def _print_board(board: CharucoBoard, mm_per_px: float) -> tuple[NDArray[np.float32], float]:
    """The board on its paper, drawn as finely as it will appear, and its px per mm."""
    rough = 12.0
    side = board.square_mm * rough
    paper = round(PAPER_MM * rough)
    high, wide = (round(mm * rough) + 2 * paper for mm in (board.height_mm, board.width_mm))
    picture = np.full((high, wide), PAPER, np.float32)
    for row, column, marker in board.list_squares():
        top, left = (round(paper + k * side) for k in (row, column))
        if marker is None:
            picture[top : round(top + side), left : round(left + side)] = INK
            continue
        cells = draw_marker(board, marker)
        edge = round(board.marker_mm * rough)
        margin = round((side - edge) / 2)
        bits = cv2.resize(cells.astype(np.uint8), (edge, edge), interpolation=cv2.INTER_NEAREST)
        where = np.s_[top + margin : top + margin + edge, left + margin : left + margin + edge]
        picture[where][bits > 0] = INK
    # As coarse as the points at which it is sampled, or edges would be stairs.
    shrink = max(round(rough * mm_per_px / FINER), 1)
    high, wide = (-(-side // shrink) * shrink for side in picture.shape)
    whole = np.full((high, wide), PAPER, np.float32)
    whole[: picture.shape[0], : picture.shape[1]] = picture
    small = cv2.resize(whole, (wide // shrink, high // shrink), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32), rough / shrink


def _sample_picture(
    picture: NDArray[np.float32], places: NDArray[np.floating], border: int
) -> NDArray[np.float32]:
    x, y = (np.ascontiguousarray(places[..., axis], np.float32) for axis in (0, 1))
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border), np.float32)

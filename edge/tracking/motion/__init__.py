"""How the wall moved in the picture between two frames, estimated on small grey pictures."""

from crackscan.edge.tracking.motion.estimate import estimate_motion, make_registration_image
from crackscan.edge.tracking.motion.parameters import MotionParameters
from crackscan.edge.tracking.motion.values import (
    LostReason,
    Matrix,
    Motion,
    RegistrationImage,
    motion_from_matrix,
)

__all__ = [
    "LostReason",
    "Matrix",
    "Motion",
    "MotionParameters",
    "RegistrationImage",
    "estimate_motion",
    "make_registration_image",
    "motion_from_matrix",
]

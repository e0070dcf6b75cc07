"""How the wall moved in the picture between two frames, seen on small grey pictures."""

from crackscan.edge.tracking.motion.estimate import BEYOND_DOUBT, estimate, shrink
from crackscan.edge.tracking.motion.values import Lost, Matrix, Motion, Small, motion_of

__all__ = ["BEYOND_DOUBT", "Lost", "Matrix", "Motion", "Small", "estimate", "motion_of", "shrink"]

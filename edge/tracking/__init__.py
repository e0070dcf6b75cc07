"""Findings over time: image registration, the evidence grid, tracks, frame quality."""

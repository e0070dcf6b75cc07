"""The colours of all charts and pages."""

INK, MUTED, GRID = "#1d2733", "#6b7783", "#e4e9ed"
"""Text and axes; notes and ticks; grid lines."""
CRACK, CLEAR, ACCENT = "#b5502b", "#5b8ba0", "#12596b"
"""Cracks and alarms; what has no crack; curves."""

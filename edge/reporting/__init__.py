"""What people read: reports, comparisons of surveys, overlays, annotated pictures and films."""

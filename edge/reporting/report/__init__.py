"""The inspection report: one HTML file that needs no network and prints well, and a PDF of it."""

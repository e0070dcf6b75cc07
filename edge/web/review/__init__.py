"""Reviewing a survey's findings in a browser, and what reviewers said as training data."""

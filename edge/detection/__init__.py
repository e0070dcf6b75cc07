"""Crack maps become findings, at one scale or several."""

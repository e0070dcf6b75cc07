"""Folders and masks become an index, copy groups and a split that leaks nothing."""

"""Labelled pictures on disk: folders, masks, splits, and what is selected from them."""

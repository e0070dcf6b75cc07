"""Compares two surveys of the same structure: which cracks are new, grown, smaller or gone."""

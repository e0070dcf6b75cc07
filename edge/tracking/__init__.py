"""Tracks of cracks over time: registration, evidence, identities and frame quality."""

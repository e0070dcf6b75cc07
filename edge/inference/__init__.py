"""A model file becomes crack maps: the runtime, tiling of large pictures, installed models."""

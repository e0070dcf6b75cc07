"""Shipped int8 models, each a `.tflite` with its card inside and a page beside it."""

"""The quality of a model in comparable figures."""

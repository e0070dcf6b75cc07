"""The harness of the side-by-side comparison: environments, model files, rounds, report."""

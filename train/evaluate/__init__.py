"""How good a model is, said so that figures compare."""

"""The live scan and the photograph scan: the only code that joins all stages."""

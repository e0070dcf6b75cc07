"""The 90 % interval by which every measurement states its uncertainty."""

NORMAL_90 = 1.645
"""Half of the 90 % interval of a normal distribution, in standard deviations."""

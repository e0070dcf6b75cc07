"""crackscan finds concrete cracks on site: training on the desktop, int8 on a Raspberry Pi."""

__version__ = "0.1.0"

"""crackscan finds concrete cracks on site: training on the desktop, int8 on a Raspberry Pi."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())

__version__ = "0.1.0"

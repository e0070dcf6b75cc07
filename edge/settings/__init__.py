"""What can be set, in one TOML file; the environment stands over it, and flags over both."""

from crackscan.edge.settings.reading import (
    ENVIRONMENT,
    SYSTEM_FILE,
    default_files,
    format_example,
    load_settings,
    toml_of,
)
from crackscan.edge.settings.values import KEYS, Settings

__all__ = [
    "ENVIRONMENT",
    "KEYS",
    "SYSTEM_FILE",
    "Settings",
    "default_files",
    "format_example",
    "load_settings",
    "toml_of",
]

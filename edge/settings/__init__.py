"""Settings from one TOML file; the environment overrides it, and flags override both."""

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

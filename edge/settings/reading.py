"""Reads settings: the environment overrides the file, and flags override both."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crackscan.core.errors import CrackscanError, ScaleError
from crackscan.edge.settings.values import KEYS, Settings

SYSTEM_FILE = Path("/etc/crackscan/settings.toml")
ENVIRONMENT = "CRACKSCAN_"
_NOUNS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def load_settings(
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The settings in effect: flags, then the environment, then the file, then the defaults.

    Args:
        file: must be there if it is named; None: the first of `default_files` that is there.
        flags: values of settings, None where a flag was not given.
        environment: `os.environ`, if None.

    Raises:
        CrackscanError: with one line for each mistake: what was set, where, and what is wrong.
    """
    environment = os.environ if environment is None else environment
    wrong: list[str] = []
    values: dict[str, Any] = {}
    path = file or next((one for one in default_files(environment) if one.is_file()), None)
    if path is not None:
        _take(_read(path), str(path), values, wrong)
    given = {
        name.removeprefix(ENVIRONMENT).lower(): text
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT)
    }
    for key, text in sorted(given.items()):
        if key in KEYS:
            _take({key: text}, f"{ENVIRONMENT}{key.upper()}", values, wrong, from_text=True)
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    _take(given, "flags", values, wrong)
    settings = replace(Settings(), **values)
    trouble = _of_the_lens(settings)
    if trouble is not None:
        wrong.append(f"camera and lens_mm: {trouble}")
    if wrong:
        raise CrackscanError("\n".join(wrong))
    return settings


def default_files(environment: Mapping[str, str] | None = None) -> list[Path]:
    """Files that may hold settings, in the order of their priority."""
    environment = os.environ if environment is None else environment
    home = environment.get("XDG_CONFIG_HOME") or f"{environment.get('HOME', '')}/.config"
    return [Path(home) / "crackscan" / "settings.toml", SYSTEM_FILE]


def format_example() -> str:
    """A settings file with every key, its default and what it means, commented out."""
    parts = [
        "# Settings of crackscan, read from ~/.config/crackscan/settings.toml, or else from\n"
        f"# {SYSTEM_FILE}. Take away the # before a key to set it. {ENVIRONMENT}KEY in the\n"
        "# environment overrides this file, and flags override both: crackscan settings\n"
    ]
    for one in KEYS.values():
        text = "".join(f"# {line}\n" for line in one.metadata["help"].splitlines())
        parts.append(f"{text}# {one.name} = {toml_of(one.metadata['example'])}\n")
    return "\n".join(parts)


def toml_of(value: str | float) -> str:
    """A value as it stands in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def _of_the_lens(settings: Settings) -> str | None:
    """What is wrong with camera and lens together."""
    if not settings.camera and not settings.lens_mm:
        return None
    from crackscan.edge.measurement.scale.camera_modules import build_module_lens, find_module

    module = find_module(settings.camera)
    if module is None:
        if not settings.lens_mm:
            return None
        if not settings.camera:
            return "a lens needs its camera: hq or gs"
        return "a camera file has its own lens: leave lens_mm out"
    try:
        build_module_lens(module, settings.lens_mm or None, module.width_px, module.height_px)
    except ScaleError as error:
        return str(error)
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CrackscanError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CrackscanError(f"{path} is not TOML: {error}") from None


def _take(
    given: Mapping[str, Any],
    where: str,
    values: dict[str, Any],
    wrong: list[str],
    from_text: bool = False,
) -> None:
    """Put the given values into `values`, and what is wrong with them into `wrong`."""
    for key, value in given.items():
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            hint = f": did you mean {near[0]}?" if near else "; see: crackscan settings --example"
            wrong.append(f"{where}: there is no setting {key}{hint}")
            continue
        kind = type(KEYS[key].default)
        try:
            or_number = KEYS[key].metadata["or_number"]
            fit = _fitted(value, kind, from_text, or_number)
        except ValueError:
            noun = _NOUNS[kind]
            wrong.append(f"{where}: {key} must be {noun}, not {value!r}")
            continue
        refusal = KEYS[key].metadata["check"](fit)
        if refusal is not None:
            wrong.append(f"{where}: {key} {refusal}, not {value!r}")
        else:
            values[key] = fit


def _fitted(value: Any, kind: type, from_text: bool, or_number: bool) -> Any:
    """The value as its setting's kind; raises ValueError."""
    if from_text and kind is bool:
        return _truth(value)
    if from_text and kind is not str:
        return kind(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        str: isinstance(value, str) or (or_number and number),
        bool: isinstance(value, bool),
        int: type(value) is int,
        float: number,
    }
    if not fits[kind] or value != value:
        raise ValueError
    return kind(value)


def _truth(text: str) -> bool:
    """Raises ValueError."""
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in known:
        raise ValueError
    return known[text.lower()]

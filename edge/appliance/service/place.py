"""Where a service's files lie: of the whole machine, or of one user."""

import os
import shutil
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crackscan.core.errors import CrackscanError
from crackscan.edge.settings import SYSTEM_FILE

NAME = "crackscan.service"
USER = "crackscan"


@dataclass(frozen=True)
class Place:
    """The files of a service."""

    unit: Path
    settings: Path
    state: Path
    """Holds surveys and installed models; outlives the service."""
    sysusers: Path | None
    """Declares the user that the service runs as; None for a user's own service."""
    root: Path = Path("/")
    """Another machine's root folder, for making images; not for a user's own service."""

    @property
    def surveys(self) -> Path:
        return self.state / "surveys"

    @property
    def of_user(self) -> bool:
        return self.sysusers is None

    def inside(self, path: Path) -> Path:
        """Where a file of that machine lies on this one."""
        return self.root / path.relative_to("/")

    @classmethod
    def of_machine(cls, root: Path = Path("/")) -> "Place":
        return cls(
            unit=Path("/etc/systemd/system") / NAME,
            settings=SYSTEM_FILE,
            state=Path("/var/lib/crackscan"),
            sysusers=Path("/etc/sysusers.d/crackscan.conf"),
            root=root,
        )

    @classmethod
    def of_this_user(cls, environment: Mapping[str, str] | None = None) -> "Place":
        environment = os.environ if environment is None else environment
        home = Path(environment.get("HOME") or Path.home())
        config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        data = Path(environment.get("XDG_DATA_HOME") or home / ".local/share")
        return cls(
            unit=config / "systemd/user" / NAME,
            settings=config / "crackscan/settings.toml",
            state=data / "crackscan",
            sysusers=None,
        )


def find_program() -> Path:
    """The `crackscan` program that runs now.

    Raises CrackscanError where it has no file of its own.
    """
    for path in (Path(sys.argv[0]), Path(sys.executable).with_name("crackscan")):
        if path.name == "crackscan" and path.is_file():
            return path.absolute()
    found = shutil.which("crackscan")
    if found is None:
        raise CrackscanError("there is no program crackscan; install it: pip install crackscan")
    return Path(found).absolute()


def demand_open(path: Path) -> None:
    """See that other users may run a program: on Debian, home folders are closed to them.

    Raises:
        CrackscanError: a folder on the way is closed, with the way out.
    """
    for one in (path.resolve(), Path(__file__).resolve()):
        for folder in one.parents:
            if not folder.stat().st_mode & stat.S_IXOTH:
                raise CrackscanError(
                    f"{folder} is closed to the user {USER}, so the service could not run {path}:"
                    f" install crackscan under /opt, or chmod o+x {folder}"
                )

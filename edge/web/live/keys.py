"""The keys of the live view: one for control, one for viewing only."""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from crackscan.core.errors import CrackscanError

_RANDOM_BYTES = 16
_LEAST_CHARACTERS = 20


class Role(StrEnum):
    """What a viewer may do."""

    VIEW = "view"
    CONTROL = "control"


@dataclass(frozen=True)
class Keys:
    """One key for each role; never shown by `repr`, never logged."""

    control: str = field(repr=False)
    view: str = field(repr=False)

    @classmethod
    def generate(cls) -> "Keys":
        return cls(secrets.token_urlsafe(_RANDOM_BYTES), secrets.token_urlsafe(_RANDOM_BYTES))

    @classmethod
    def load_or_create(cls, path: Path) -> "Keys":
        """The keys in a file that only its owner may read; made, with its folders, if missing.

        So links stay good when the device is started again. Who removes the file gets new ones.
        Root makes them for whom the folder belongs to: the service's user is to read them.

        Raises:
            CrackscanError: the file cannot be read or written, or others may read it.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            made = cls.generate()
            try:
                number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return cls._read_file(path)
            with os.fdopen(number, "w", encoding="ascii") as file:
                if os.geteuid() == 0:
                    folder = path.parent.stat()
                    os.fchown(number, folder.st_uid, folder.st_gid)
                json.dump({"control": made.control, "view": made.view}, file)
                file.flush()
                os.fsync(number)
        except OSError as error:
            raise CrackscanError(f"{path}: {error.strerror}") from None
        return made

    @classmethod
    def _read_file(cls, path: Path) -> "Keys":
        if path.stat().st_mode & 0o077:
            raise CrackscanError(f"others may read the keys in {path}: chmod 600 {path}")
        try:
            stored = json.loads(path.read_bytes()[:1000])
            keys = cls(stored["control"], stored["view"])
            good = all(
                isinstance(key, str) and key.isascii() and len(key) >= _LEAST_CHARACTERS
                for key in (keys.control, keys.view)
            )
        except (ValueError, KeyError, TypeError):
            good = False
        if not good or keys.control == keys.view:
            raise CrackscanError(f"{path} does not hold the keys of a live view: remove it")
        return keys

    def key_of(self, role: Role) -> str:
        return self.control if role is Role.CONTROL else self.view

    def role_of_key(self, key: str) -> Role | None:
        """The role of a key, in a time that does not depend on the key."""
        return self._match_role(key, {role: self.key_of(role) for role in Role})

    def cookie_of(self, role: Role) -> str:
        """The cookie that a browser keeps instead of the key."""
        return hmac.new(self.key_of(role).encode(), b"crackscan cookie", hashlib.sha256).hexdigest()

    def role_of_cookie(self, cookie: str) -> Role | None:
        """The role of a cookie, in a time that does not depend on the cookie."""
        return self._match_role(cookie, {role: self.cookie_of(role) for role in Role})

    @staticmethod
    def _match_role(given: str, known: dict[Role, str]) -> Role | None:
        found = None
        for role, value in known.items():
            if hmac.compare_digest(given.encode(errors="replace"), value.encode()):
                found = role
        return found

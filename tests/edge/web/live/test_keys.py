"""Keys: random, secret, kept in a file that only its owner reads."""

import os
from pathlib import Path

import pytest

from crackscan.core.errors import CrackscanError
from crackscan.edge.web.live.keys import Keys, Role


def test_each_key_gives_its_role_and_nothing_else_does() -> None:
    keys = Keys.generate()
    assert keys.role_of_key(keys.control) is Role.CONTROL
    assert keys.role_of_key(keys.view) is Role.VIEW
    for wrong in ("", keys.control[:-1], keys.view + "x", "é\ud800", keys.cookie_of(Role.CONTROL)):
        assert keys.role_of_key(wrong) is None


def test_a_cookie_gives_the_role_but_is_not_the_key() -> None:
    keys = Keys.generate()
    for role in Role:
        assert keys.role_of_cookie(keys.cookie_of(role)) is role
        assert keys.role_of_cookie(keys.key_of(role)) is None
        assert Keys.generate().role_of_cookie(keys.cookie_of(role)) is None


def test_keys_are_random_and_long_and_not_shown() -> None:
    many = {key for _ in range(50) for key in (Keys.generate().control, Keys.generate().view)}
    assert len(many) == 100
    assert min(map(len, many)) >= 22, "16 random bytes"
    keys = Keys.generate()
    assert keys.control not in repr(keys) + str(keys)
    assert keys.view not in repr(keys) + str(keys)


def test_kept_keys_stay_the_same_and_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "live-keys.json"
    first = Keys.load_or_create(path)
    assert Keys.load_or_create(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    assert Keys.load_or_create(path) != first


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_keys_that_root_makes_are_those_of_the_folders_owner(tmp_path: Path) -> None:
    """As `sudo crackscan link --new` does, for a service of another user."""
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    path = state / "live-keys"
    Keys.load_or_create(path)
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (65534, 65534, 0o600)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"control": "short", "view": "short too"}',
        '{"control": 5, "view": null}',
        '{"control": "aaaaaaaaaaaaaaaaaaaaaaaa", "view": "aaaaaaaaaaaaaaaaaaaaaaaa"}',
    ],
)
def test_a_file_without_keys_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(CrackscanError, match="remove it"):
        Keys.load_or_create(path)


def test_keys_that_others_may_read_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    Keys.load_or_create(path)
    path.chmod(0o644)
    with pytest.raises(CrackscanError, match="chmod 600"):
        Keys.load_or_create(path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CrackscanError, match="file"):
        Keys.load_or_create(tmp_path / "file" / "keys")

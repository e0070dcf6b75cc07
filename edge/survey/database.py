"""Opens `survey.sqlite`: never a damaged one, a newer one, or one that is something else."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from crackscan.core.errors import SurveyError
from crackscan.edge.survey.schema import APPLICATION_ID, STEPS, migrate

DATABASE = "survey.sqlite"
THOROUGH_BYTES = 64 << 20
"""Up to this size the whole record is checked before it is written on, above it the last part."""
_MAGIC = b"SQLite format 3\0"
_VERSION_AT, _APPLICATION_AT, _HEADER = 60, 68, 72
_BUSY_S = 5.0
_CACHE_KIB = 8192


def make_database(folder: Path) -> sqlite3.Connection:
    """Make a new record in an empty folder, on the disk when this returns."""
    connection = _connect(f"file:{quote(str(folder / DATABASE))}?mode=rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_write(folder: Path) -> sqlite3.Connection:
    """Open a record to write on, brought to the present schema.

    Raises SurveyError, in one line, for a folder without a record, one of a newer crackscan, a
    damaged one, and a disk that cannot be written; then nothing was changed.
    """
    path = _checked_header(folder)
    connection = None
    try:
        connection = _connect(f"file:{quote(str(path))}?mode=rw")
        check(connection, path)
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error):
            raise _refusal(path, error) from None
        raise
    return connection


def open_to_read(folder: Path) -> sqlite3.Connection:
    """Open a record to read, also while another process writes it, or from a read-only disk.

    Raises SurveyError as `open_to_write` does; also for one of an older crackscan, which has to
    be opened for writing once.
    """
    path = _checked_header(folder)
    uri = f"file:{quote(str(path))}?mode=ro"
    # SQLite has to make two files beside a record; where it cannot, on a read-only disk, nobody
    # else writes either, and it may read the record as it lies there.
    alone = not path.with_name(f"{DATABASE}-wal").exists()
    try:
        try:
            return _connect_to_read(uri)
        except sqlite3.OperationalError:
            if not alone:
                raise
            return _connect_to_read(f"{uri}&immutable=1")
    except sqlite3.Error as error:
        raise _refusal(path, error) from None


def _connect_to_read(uri: str) -> sqlite3.Connection:
    connection = _connect(uri)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises SurveyError where the record is damaged.

    Up to THOROUGH_BYTES every page and index is read; of a larger record, for which that takes
    minutes on a Raspberry Pi, the schema and the newest entries.
    """
    try:
        if path.stat().st_size <= THOROUGH_BYTES:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise _refusal(path, str(found))
        else:
            for table in ("finding", "track", "note", "picture"):
                connection.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 1000").fetchall()
    except sqlite3.DatabaseError as error:
        raise _refusal(path, error) from None


def _connect(uri: str) -> sqlite3.Connection:
    # Autocommit: transactions are begun by name. The one thread that uses it need not have made it.
    connection = sqlite3.connect(
        uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


def _checked_header(folder: Path) -> Path:
    """The record's path, if the first bytes say that it is one that this program knows.

    Read before SQLite opens it, for SQLite would already tidy up after whoever wrote it last.
    """
    path = folder / DATABASE
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except FileNotFoundError:
        raise SurveyError(f"{folder} holds no survey: there is no {DATABASE} in it") from None
    except OSError as error:
        raise SurveyError(f"{path} cannot be read: {error.strerror}") from None
    version = int.from_bytes(header[_VERSION_AT : _VERSION_AT + 4], "big")
    application = int.from_bytes(header[_APPLICATION_AT : _APPLICATION_AT + 4], "big")
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise _refusal(path, "it does not begin as a database")
    if application != APPLICATION_ID:
        raise SurveyError(f"{path} is a database, but no survey of crackscan")
    if version > len(STEPS):
        raise SurveyError(
            f"{path} was written by a newer crackscan (record {version}, this one knows "
            f"{len(STEPS)}): update crackscan"
        )
    return path


def _refusal(path: Path, why: object) -> SurveyError:
    text = " ".join(str(why).split())
    if any(word in text for word in ("locked", "unable to open", "readonly", "full", "disk I/O")):
        return SurveyError(f"{path} cannot be opened: {text}")
    return SurveyError(
        f"{path} is damaged ({text}): left as it is; copy the folder, then try: "
        f"sqlite3 {DATABASE} .recover"
    )

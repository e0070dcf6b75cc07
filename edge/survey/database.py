"""Creates and opens `survey.sqlite`; a damaged, newer or foreign file is refused."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from crackscan.core.errors import SurveyError
from crackscan.edge.survey.schema import APPLICATION_ID, STEPS, migrate_schema

DATABASE = "survey.sqlite"
FULL_CHECK_BYTES = 64 << 20
"""Up to this size a record is checked completely before it is written, above it the newest part."""
_MAGIC = b"SQLite format 3\0"
_VERSION_OFFSET, _APPLICATION_OFFSET, _HEADER_BYTES = 60, 68, 72
_BUSY_TIMEOUT_S = 5.0
_CACHE_KIB = 8192


def create_database(folder: Path) -> sqlite3.Connection:
    """Create a record in an empty folder; it is on the disk when this returns."""
    connection = _connect(f"file:{quote(str(folder / DATABASE))}?mode=rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate_schema(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_writing(folder: Path) -> sqlite3.Connection:
    """Open a record for writing and migrate it to the present schema.

    Raises SurveyError if the folder has no record, the record is damaged or was written by a newer
    crackscan, or the disk cannot be written; the record is then unchanged.
    """
    path = _check_header(folder)
    connection = None
    try:
        connection = _connect(f"file:{quote(str(path))}?mode=rw")
        check_integrity(connection, path)
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate_schema(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error):
            raise _make_error(path, error) from None
        raise
    return connection


def open_for_reading(folder: Path) -> sqlite3.Connection:
    """Open a record for reading, also while another process writes it or on a read-only disk.

    Raises SurveyError as `open_for_writing` does. A record of an older schema is read as it is.
    """
    path = _check_header(folder)
    uri = f"file:{quote(str(path))}?mode=ro"
    # SQLite creates two files next to a record. On a read-only disk it cannot, but then no other
    # process writes either, and the record may be read as immutable.
    is_closed = not path.with_name(f"{DATABASE}-wal").exists()
    try:
        try:
            return _connect_to_read(uri)
        except sqlite3.OperationalError:
            if not is_closed:
                raise
            return _connect_to_read(f"{uri}&immutable=1")
    except sqlite3.Error as error:
        raise _make_error(path, error) from None


def _connect_to_read(uri: str) -> sqlite3.Connection:
    connection = _connect(uri)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    """Raises SurveyError if the record is damaged.

    Up to FULL_CHECK_BYTES every page and index is checked. That would take minutes for a larger
    record on a Raspberry Pi, so only its schema and newest entries are read.
    """
    try:
        if path.stat().st_size <= FULL_CHECK_BYTES:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise _make_error(path, str(found))
        else:
            for table in ("finding", "track", "note", "picture"):
                connection.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 1000").fetchall()
    except sqlite3.DatabaseError as error:
        raise _make_error(path, error) from None


def _connect(uri: str) -> sqlite3.Connection:
    # Autocommit, because transactions are begun explicitly. The thread that uses the connection may
    # be another one than the thread that opened it.
    connection = sqlite3.connect(
        uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


def _check_header(folder: Path) -> Path:
    """The path of the record, after checking the file's header.

    The header is read before SQLite opens the file, because SQLite changes the file when the last
    writer did not close it.
    """
    path = folder / DATABASE
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        raise SurveyError(f"{folder} holds no survey: there is no {DATABASE} in it") from None
    except OSError as error:
        raise SurveyError(f"{path} cannot be read: {error.strerror}") from None
    version = int.from_bytes(header[_VERSION_OFFSET : _VERSION_OFFSET + 4], "big")
    application = int.from_bytes(header[_APPLICATION_OFFSET : _APPLICATION_OFFSET + 4], "big")
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise _make_error(path, "it has no SQLite header")
    if application != APPLICATION_ID:
        raise SurveyError(f"{path} is a database, but not a survey of crackscan")
    if version > len(STEPS):
        raise SurveyError(
            f"{path} was written by a newer crackscan (schema {version}, this one reads up to "
            f"{len(STEPS)}): update crackscan"
        )
    return path


def _make_error(path: Path, reason: object) -> SurveyError:
    text = " ".join(str(reason).split())
    if any(word in text for word in ("locked", "unable to open", "readonly", "full", "disk I/O")):
        return SurveyError(f"{path} cannot be opened: {text}")
    return SurveyError(
        f"{path} is damaged ({text}) and was not changed; copy the folder, then try: "
        f"sqlite3 {DATABASE} .recover"
    )

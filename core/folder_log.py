"""The log in the folder of a survey: what its user sends when something is wrong."""

import logging
import os
import platform
import queue
import sys
from dataclasses import dataclass
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path

from crackscan import __version__
from crackscan.core.logging_setup import (
    MaskingFormatter,
    add_handler,
    package_log,
    take_early_records,
)

LOG_FILE = "crackscan.log"
FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LogFileParameters:
    """The size of a log, chosen so that it can be sent by mail."""

    file_bytes: int = 1_000_000
    """A file that would become larger is renamed to `crackscan.log.1`."""
    kept_files: int = 1
    """Number of renamed files."""


PARAMETERS = LogFileParameters()


class FolderLog:
    """Writes the messages of all of crackscan to `folder`/crackscan.log until it is closed.

    A thread of its own writes the file, so that nobody who logs waits for the disk. A file that
    cannot be written, such as on a full disk, disturbs nobody.
    """

    def __init__(self, folder: Path, parameters: LogFileParameters = PARAMETERS) -> None:
        self._file = _SilentFileHandler(
            folder / LOG_FILE,
            maxBytes=parameters.file_bytes,
            backupCount=parameters.kept_files,
            encoding="utf-8",
            errors="backslashreplace",
            delay=True,
        )
        self._file.setFormatter(MaskingFormatter(FORMAT))
        records: queue.Queue[logging.LogRecord] = queue.Queue()
        self._entrance = QueueHandler(records)
        self._entrance.setLevel(logging.INFO)
        self._writer = QueueListener(records, self._file)
        for record in take_early_records():
            self._entrance.handle(record)
        add_handler(self._entrance)
        self._writer.start()
        log.info("%s", describe_software())

    def close(self) -> None:
        """Write what is left, and end; a second call does nothing."""
        if self._entrance not in package_log.handlers:
            return
        package_log.removeHandler(self._entrance)
        self._writer.stop()
        self._file.close()


class _SilentFileHandler(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - named by `logging`
        pass


def describe_software() -> str:
    """One line: crackscan, Python, the packages that are loaded and have a version, the system."""
    loaded = {
        name: getattr(sys.modules.get(name), "__version__", None)
        for name in ("numpy", "cv2", "PIL", "ai_edge_litert", "tflite_runtime", "rasterio", "dask")
    }
    packages = "".join(f", {name} {version}" for name, version in loaded.items() if version)
    return (
        f"crackscan {__version__}, Python {platform.python_version()}{packages},"
        f" {_describe_system()}"
    )


def _describe_system() -> str:
    """Kernel, machine and C library.

    `platform.platform()` would start a process for this, which for a moment holds the lock of a
    survey that is open already.
    """
    system = os.uname()
    return f"{system.sysname}-{system.release}-{system.machine}-{'-'.join(platform.libc_ver())}"

"""Reads a serial line with the calls of the operating system."""

import os
import termios
from types import TracebackType
from typing import Self

from crackscan.core.errors import PositionError

_INPUT, _OUTPUT, _CONTROL, _LOCAL, _IN_SPEED, _OUT_SPEED, _SPECIAL = range(7)


class SerialLine:
    """A device such as /dev/ttyAMA0: 8 data bits, no parity, raw bytes; it is only read."""

    def __init__(self, path: str, baud: int) -> None:
        """Raises OSError if the device is missing, may not be used, or is not a serial line."""
        self._file = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            speed = getattr(termios, f"B{baud}")
            mode = termios.tcgetattr(self._file)
            mode[_INPUT] = mode[_OUTPUT] = mode[_LOCAL] = 0
            mode[_CONTROL] = termios.CS8 | termios.CREAD | termios.CLOCAL
            mode[_IN_SPEED] = mode[_OUT_SPEED] = speed
            termios.tcsetattr(self._file, termios.TCSANOW, mode)
        except termios.error as error:
            os.close(self._file)
            raise OSError(error.args[0], f"{path} is not a serial line") from None

    def fileno(self) -> int:
        return self._file

    def recv(self, size: int, /) -> bytes:
        return os.read(self._file, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)


def check_baud_rate(name: str, baud: int) -> None:
    """Raises PositionError if serial lines have no such rate."""
    if not hasattr(termios, f"B{baud}"):
        raise PositionError(f"{name}: {baud} is not a rate of a serial line; usual is 57600")

"""A camera of moving pictures, and a live scan of it that a test watches through its hub."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from crackscan.core.errors import CrackscanError, SourceError
from crackscan.core.pictures import RGB, read_picture
from crackscan.edge.capture.capture_device import BgrFrame
from crackscan.edge.capture.live_source import LiveSource
from crackscan.edge.capture.supervision import SupervisionParameters
from crackscan.edge.pipelines.live import LiveTally, Setup, scan_source
from crackscan.edge.web.live.commands import Command
from crackscan.edge.web.live.hub import Hub

SAMPLES = Path(__file__).parents[4] / "samples"
PATIENCE_S = 60.0


def wall(shift: int) -> RGB:
    whole = read_picture(SAMPLES / "cracked-patch-upright.jpg")[:224, :224]
    return np.roll(whole, shift, axis=1)


WALLS = [np.ascontiguousarray(wall(shift)[:, :, ::-1]) for shift in range(30)]


class Camera:
    """Gives moving pictures each 10 ms and is unplugged after `count` of them."""

    def __init__(self, count: int) -> None:
        self.left = count

    def read(self) -> BgrFrame | None:
        time.sleep(0.01)
        self.left -= 1
        place = abs(self.left % 58 - 29)
        # No two pictures of a sensor are alike.
        picture = WALLS[place].copy()
        picture[0, 0] = self.left % 251
        return BgrFrame(picture) if self.left >= 0 else None

    def close(self) -> None:
        pass


class Running:
    """A scan in a thread, watched through its hub."""

    def __init__(
        self,
        setup: Setup,
        folder: Path,
        counts: list[int],
        camera: type[Camera] = Camera,
        **more: float,
    ) -> None:
        self.hub = Hub()
        self.tally = LiveTally()
        self.error: CrackscanError | None = None
        cameras = iter([*map(camera, counts)])
        # A camera is lost when it is unplugged, not when the machine is loaded.
        parameters = SupervisionParameters(
            next_picture_s=30.0, first_backoff_s=0.1, longest_backoff_s=0.2
        )

        def plug_in() -> Camera:
            camera = next(cameras, None)
            if camera is None:
                raise SourceError("camera 0 is gone")
            return camera

        self.source = LiveSource("0", "camera 0", plug_in, parameters=parameters, **more)
        self.setup = replace(setup, hub=self.hub)
        self.folder = folder
        self.thread = threading.Thread(target=self._run, daemon=True)  # a failed test must end
        self.thread.start()

    def _run(self) -> None:
        try:
            scan_source(self.source, self.setup, self.folder, self.tally)
        except CrackscanError as error:
            self.error = error

    def until(self, met: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not met():
            assert time.monotonic() < deadline_s and self.thread.is_alive(), self.error
            time.sleep(0.01)

    def ask(self, command: Command) -> tuple[str, bool]:
        """What was answered to a command, and whether it was carried out."""
        number = self.hub.offer_command(command)
        found: list[tuple[str, bool]] = []

        def answered() -> bool:
            messages = self.hub.read_state().messages
            found.extend((one.text, one.good) for one in messages if one.command == number)
            return bool(found)

        self.until(answered)
        return found[0]

    def end(self) -> None:
        self.source.stop()
        self.thread.join(PATIENCE_S)
        self.source.close()
        assert not self.thread.is_alive()

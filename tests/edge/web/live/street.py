"""A wall that a camera pans along for ever, as an MJPEG stream like that of an IP camera.

As a program it serves until it is killed: `python street.py PORT [FRAMES_PER_S]`.
"""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

SAMPLES = Path(__file__).parents[4] / "samples"
WALLS = ("cracked-painted-wall", "intact-joints-and-downpipe", "cracked-wall-below-tiles")
HEIGHT, WIDTH, STEP_PX, FRAMES_PER_S = 480, 640, 5, 8


def frames() -> list[bytes]:
    """The pan there and back, as JPEG."""
    read = [cv2.imread(str(SAMPLES / f"{name}.jpg")) for name in WALLS]
    walls = [
        cv2.resize(one, (one.shape[1] * HEIGHT // one.shape[0], HEIGHT), None, 0, 0, cv2.INTER_AREA)
        for one in read
    ]
    street = np.hstack(walls)
    there = range(0, street.shape[1] - WIDTH, STEP_PX)
    shots = [cv2.imencode(".jpg", street[:, x : x + WIDTH])[1].tobytes() for x in there]
    return shots + shots[-2:0:-1]


class Camera(BaseHTTPRequestHandler):
    """Sends frames until the viewer goes."""

    shots: list[bytes]
    frames_per_s = FRAMES_PER_S

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=shot")
        self.end_headers()
        began_s = time.monotonic()
        try:
            while True:
                shot = self.shots[
                    int((time.monotonic() - began_s) * self.frames_per_s) % len(self.shots)
                ]
                head = f"--shot\r\nContent-Type: image/jpeg\r\nContent-Length: {len(shot)}\r\n\r\n"
                self.wfile.write(head.encode() + shot + b"\r\n")
                time.sleep(1 / self.frames_per_s)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    Camera.shots = frames()
    Camera.frames_per_s = int(sys.argv[2]) if len(sys.argv) > 2 else FRAMES_PER_S
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Camera).serve_forever()

"""What the terminal says: a code that a phone can read, and no key where it would be kept."""

from io import StringIO
from pathlib import Path

import cv2
import numpy as np

from crackscan.edge.cli.live_links import draw_qr_code, print_links
from crackscan.edge.web.live.address import Address
from crackscan.edge.web.live.keys import Keys, Role
from crackscan.edge.web.live.serve import LiveServer


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


NETWORK = LiveServer(Address("192.168.4.1", 8765), Keys.generate())
MODULE_PX = 6
HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def read(drawn: str) -> str:
    """What a phone's camera reads off a terminal with light letters on a dark ground."""
    rows = []
    for line in drawn.splitlines():
        cells = [HALVES[letter] for letter in without_colours(line)]
        rows += [[upper for upper, _ in cells], [lower for _, lower in cells]]
    light = np.array(rows, np.uint8) * 255
    picture = np.kron(light, np.ones((MODULE_PX, MODULE_PX), np.uint8))
    text, *_ = cv2.QRCodeDetector().detectAndDecode(
        cv2.copyMakeBorder(picture, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=0)
    )
    return str(text)


def without_colours(line: str) -> str:
    """The line, which sets its own colours and leaves none behind."""
    before, after = "\x1b[97;40m", "\x1b[0m"
    assert line.startswith(before)
    assert line.endswith(after)
    return line.removeprefix(before).removesuffix(after)


def test_the_code_is_the_link() -> None:
    link = NETWORK.links()[0]
    assert read(draw_qr_code(link)) == link


def test_the_code_fits_a_terminal() -> None:
    lines = draw_qr_code(NETWORK.links()[0]).splitlines()
    assert len(lines) <= 22
    assert max(len(without_colours(line)) for line in lines) <= 44


def test_a_terminal_gets_both_links() -> None:
    out = Terminal()
    print_links(NETWORK, out)
    assert NETWORK.links()[0] in out.getvalue()
    assert NETWORK.links(Role.VIEW)[0] in out.getvalue()
    assert NETWORK.links()[0] != NETWORK.links(Role.VIEW)[0]


def test_a_file_or_journal_gets_no_key() -> None:
    out = StringIO()
    print_links(NETWORK, out, Path("/var/lib/crackscan/live-keys"))
    assert NETWORK.keys is not None
    assert NETWORK.keys.control not in out.getvalue()
    assert NETWORK.keys.view not in out.getvalue()
    assert out.getvalue() == (
        "Live view: http://192.168.4.1:8765/; its keys are in /var/lib/crackscan/live-keys\n"
    )


def test_a_view_for_this_machine_needs_no_code() -> None:
    out = Terminal()
    print_links(LiveServer(Address("127.0.0.1", 8765), None), out)
    assert out.getvalue() == "Live view, on this machine only: http://127.0.0.1:8765/\n"

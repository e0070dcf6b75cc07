"""A V4L2 camera of the kernel's own (vivid) in a virtual machine, unbound and bound while read."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from vm import run_inside

sys.path.pop(0)

INSIDE = Path(__file__).with_name("v4l2_inside.py")
RED, BLUE = 5, 6


@pytest.mark.system
@pytest.mark.timeout(600)
def test_a_camera_is_read_unplugged_and_found_again() -> None:
    command = f"{sys.executable} {INSIDE}"
    environment = "HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PATH=/usr/bin:/bin"
    output = run_inside(command, environment, {"vivid": "n_devs=1 node_types=0x1"}, 500)
    _, found, line = output.partition("RESULT ")
    assert found, output[-4000:]
    told, _ = json.JSONDecoder().raw_decode(line)

    assert told["cameras"][0]["source"] == "/dev/video0"
    assert "vivid" in told["cameras"][0]["name"] and told["cameras"][0]["note"] == ""
    chosen = told["/dev/video0#size=640x360,format=YUYV,fps=15"]
    assert chosen["size"] == [640, 360] and chosen["fps"] < 16  # emulated: as slow as it likes
    for seen in (told["0"], chosen, told["after"]):
        red, blue = seen["colours"][RED], seen["colours"][BLUE]
        assert red[0] > 150 and max(red[1:]) < 60, red
        assert blue[2] > 150 and max(blue[:2]) < 60, blue
    assert "size 1234x568 becomes" in told["refused"][0]
    assert "format H264 becomes" in told["refused"][1]
    assert "there is no /dev/video7" in told["refused"][2]
    assert told["dropped"] > 0
    assert "/dev/video0" in told["unplugged"] or "camera 0" in told["unplugged"]
    assert 3 <= told["gap"]["seconds"] < 60 and "camera 0" in told["gap"]["why"]
    assert told["good"] and told["after"]["later"]

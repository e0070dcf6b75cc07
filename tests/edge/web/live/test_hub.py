"""The hub keeps the newest of everything, little of it, and never makes the scan wait."""

import gc
import weakref

import numpy as np

from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding import BoundingBox
from crackscan.edge.web.live.commands import Mark, Pause, Snapshot
from crackscan.edge.web.live.hub import MOST_COMMANDS, MOST_FOUND, Hub
from crackscan.edge.web.live.values import ListedFinding, LiveFrame, Status


def a_frame(index: int) -> LiveFrame:
    frame = Frame(np.zeros((64, 64, 3), np.uint8), index, f"#{index}", "0", 0.0, 0.0)
    return LiveFrame(frame, None, 0.5, 16)


def a_finding(number: int, probability: float = 0.9) -> ListedFinding:
    return ListedFinding(number, probability, BoundingBox(0, 0, 16, 16), 0.0, f"#{number}")


def test_only_the_newest_frame_is_kept() -> None:
    hub = Hub()
    frames = [a_frame(index) for index in range(50)]
    pictures = [weakref.ref(one.frame.rgb) for one in frames]
    for one in frames:
        hub.publish_frame(one)
    number, newest = hub.newest_frame()
    assert number == 50
    assert newest is frames[-1]
    del frames, one
    gc.collect()
    assert [picture() is not None for picture in pictures] == [False] * 49 + [True]


def test_a_finding_is_on_the_list_once_the_latest_first() -> None:
    hub = Hub()
    for one in (a_finding(1), a_finding(2), a_finding(3), a_finding(1, 0.95)):
        hub.list_finding(one)
    hub.remove_finding(2)
    assert [(one.number, one.probability) for one in hub.read_state().found] == [
        (3, 0.9),
        (1, 0.95),
    ]
    hub.clear_findings()
    assert hub.read_state().found == ()


def test_the_list_and_the_pictures_that_wait_for_their_thumbnail_are_bounded() -> None:
    hub = Hub()
    picture = np.zeros((32, 32, 3), np.uint8)
    for number in range(5 * MOST_FOUND):
        hub.list_finding(a_finding(number), picture)
    assert [one.number for one in hub.read_state().found] == list(
        range(5 * MOST_FOUND - 1, 4 * MOST_FOUND - 1, -1)
    )
    waiting = hub.take_pictures()
    assert 0 < len(waiting) <= 8
    assert waiting[-1][0].number == 5 * MOST_FOUND - 1
    assert hub.take_pictures() == []


def test_commands_come_in_order_once_and_not_without_end() -> None:
    hub = Hub()
    assert hub.take_commands() == []
    ids = [hub.offer_command(command) for command in (Mark("rust"), Snapshot(), Pause())]
    asked = hub.take_commands()
    assert [(one.id, one.command) for one in asked] == list(
        zip(ids, (Mark("rust"), Snapshot(), Pause()), strict=True)
    )
    assert hub.take_commands() == []
    taken = [hub.offer_command(Snapshot()) for _ in range(MOST_COMMANDS + 3)]
    assert [one is None for one in taken] == [False] * MOST_COMMANDS + [True] * 3
    assert len(hub.take_commands()) == MOST_COMMANDS


def test_an_answer_names_its_command_and_old_messages_go() -> None:
    hub = Hub()
    hub.offer_command(Snapshot())
    (asked,) = hub.take_commands()
    hub.answer_command(asked, "the disk is full", good=False)
    hub.send_message("the camera is back")
    messages = hub.read_state().messages
    assert [(one.text, one.good, one.command) for one in messages] == [
        ("the disk is full", False, asked.id),
        ("the camera is back", True, None),
    ]
    for number in range(100):
        hub.send_message(str(number))
    last = hub.read_state().messages
    assert len(last) == 20
    assert (last[-1].text, last[-1].id) == ("99", 102)


def test_every_change_is_told_and_gives_a_new_version() -> None:
    hub = Hub()
    versions: list[int] = []
    hub.notify_changes(lambda: versions.append(hub.version))
    hub.publish_status(Status("0", "crack-s"))
    hub.list_finding(a_finding(1))
    hub.send_message("hello")
    hub.remove_finding(1)
    hub.remove_finding(1)  # it is not there: nothing changes
    hub.end_view()
    assert versions == [1, 2, 3, 4, 5]
    assert hub.read_state().ended
    hub.publish_frame(a_frame(1))
    assert len(versions) == 6
    assert hub.version == 5, "a frame is not news for the list"
    hub.notify_changes(None)
    hub.publish_frame(a_frame(2))
    assert len(versions) == 6

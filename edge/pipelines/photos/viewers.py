"""What the viewers of the live page see while photographs are processed."""

from pathlib import Path

from crackscan.core.pictures import decode_picture
from crackscan.edge.capture.frame import Frame
from crackscan.edge.detection.finding_json import width_label
from crackscan.edge.pipelines.photos.drawing import scale_box
from crackscan.edge.pipelines.photos.values import PhotoResult
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.values import ListedFinding, LiveFrame, VisibleFinding

REFUSAL = "not while pictures are scanned: only with a camera or a video"
"""The answer to every command of a viewer."""


def show_photo(
    hub: Hub, result: PhotoResult, first: int, cell_threshold: float, wall_s: float
) -> None:
    """Show a photograph and put its findings on the list.

    Args:
        hub: the viewers.
        result: with its preview.
        first: number of its first finding in the record; the others follow.
        cell_threshold: probability from which on a cell is drawn.
        wall_s: Unix time of now.
    """
    preview = result.preview
    if preview is None:
        return
    rgb = decode_picture(preview.jpeg, Path(result.name))
    frame = Frame(rgb, result.index, result.name, result.name, wall_s, wall_s)
    share = rgb.shape[1] / result.width
    boxes = [scale_box(one.box, share, rgb.shape) for one in result.findings]
    numbered = list(enumerate(zip(result.findings, boxes, strict=True), first))
    here = tuple(VisibleFinding(number, one.probability, box) for number, (one, box) in numbered)
    crack_map = preview.crack_map
    hub.publish_frame(LiveFrame(frame, lambda: crack_map, cell_threshold, preview.cell_px, here))
    for number, (finding, box) in numbered:
        found = ListedFinding(
            number=number,
            probability=finding.probability,
            box=box,
            wall_s=wall_s,
            frame=result.name,
            width=width_label(finding),
            place=_place_label(result),
        )
        hub.list_finding(found, rgb)


def refuse_commands(hub: Hub) -> None:
    """Answer what viewers have asked for: photographs know no pause and no threshold."""
    for asked in hub.take_commands():
        hub.answer_command(asked, REFUSAL, good=False)


def _place_label(result: PhotoResult) -> str:
    position = result.geotag.position
    return "" if position is None else f"{position.lat:.5f}, {position.lon:.5f}"

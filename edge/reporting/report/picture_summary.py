"""Summarizes the scanned photographs: those without a finding, skipped, or taken from too far."""

from collections.abc import Iterable

from crackscan.edge.reporting.formatting import format_minute
from crackscan.edge.reporting.report.content import LIMITS, PictureSummary
from crackscan.edge.reporting.report.figures import embed_thumbnail
from crackscan.edge.reporting.survey_pictures import SurveyPictures
from crackscan.edge.survey.values import ScannedPicture


def summarize_pictures(
    scanned: Iterable[ScannedPicture], limit_mm: float, pictures: SurveyPictures
) -> PictureSummary:
    """Go once over the scanned photographs; thumbnails are made of those that are still there."""
    count = without_finding = skipped_count = too_far = 0
    thumbnails: list[tuple[str, str]] = []
    names: list[str] = []
    skipped: list[tuple[str, str]] = []
    times: tuple[str, str] | None = None
    for picture in scanned:
        count += 1
        if taken := _format_time(picture):
            first, last = times or (taken, taken)
            times = min(first, taken), max(last, taken)
        too_far += _is_too_far(picture, limit_mm)
        if picture.skipped:
            skipped_count += 1
            if len(skipped) < LIMITS.max_skipped:
                skipped.append((picture.name, picture.skipped))
        elif not picture.findings:
            without_finding += 1
            thumbnail = None
            if len(thumbnails) < LIMITS.max_thumbnails:
                thumbnail = _make_thumbnail(picture, pictures)
            if thumbnail is not None:
                thumbnails.append((picture.name, thumbnail))
            elif len(names) < LIMITS.max_picture_names:
                names.append(picture.name)
    return PictureSummary(
        count,
        times,
        without_finding,
        tuple(thumbnails),
        tuple(names),
        tuple(skipped),
        skipped_count,
        too_far,
    )


def _format_time(picture: ScannedPicture) -> str:
    """When a photograph was taken: UTC, or the camera's local time, or empty."""
    if picture.taken_s is not None:
        return f"{format_minute(picture.taken_s)} UTC"
    return (picture.taken_local or "")[:16].replace("T", " ")


def _is_too_far(picture: ScannedPicture, limit_mm: float) -> bool:
    """Whether a crack as wide as the limit would be too narrow in the picture to be found."""
    scale = picture.scale
    return scale is not None and limit_mm / scale.mm_per_px < LIMITS.visible_width_px


def _make_thumbnail(picture: ScannedPicture, pictures: SurveyPictures) -> str | None:
    rgb = pictures.read_photograph(picture.name)
    return None if rgb is None else embed_thumbnail(rgb)

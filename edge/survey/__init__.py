"""The durable record of a site visit: findings, pictures, track, gaps and settings."""

from crackscan.edge.measurement.values import Measurement, Measurements, Scale
from crackscan.edge.survey.pictures import PictureQuota
from crackscan.edge.survey.reading import SurveyReader, best_time, iso_time
from crackscan.edge.survey.record import Survey
from crackscan.edge.survey.values import (
    Counts,
    GeoBox,
    Note,
    NoteKind,
    Review,
    ReviewVerdict,
    ScannedPicture,
    Session,
    SessionInfo,
    Sighting,
    StoredFinding,
    StoredPicture,
    SurveyInfo,
    TrackPoint,
    Which,
    sighting_of,
)
from crackscan.edge.survey.writer import SurveyWriter, WriterState

__all__ = [
    "Counts",
    "GeoBox",
    "Measurement",
    "Measurements",
    "Note",
    "NoteKind",
    "PictureQuota",
    "Review",
    "ReviewVerdict",
    "Scale",
    "ScannedPicture",
    "Session",
    "SessionInfo",
    "Sighting",
    "StoredFinding",
    "StoredPicture",
    "Survey",
    "SurveyInfo",
    "SurveyReader",
    "SurveyWriter",
    "TrackPoint",
    "Which",
    "WriterState",
    "best_time",
    "iso_time",
    "sighting_of",
]

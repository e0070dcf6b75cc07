"""Thousands of photographs into one record: listed, looked at in parallel, recorded once each."""

from crackscan.edge.photos.crew import LocalCrew, default_jobs
from crackscan.edge.photos.listing import Listing, Remaining, list_photos, remaining
from crackscan.edge.photos.record import Recorder, open_survey, settings_of
from crackscan.edge.photos.run import Tally, survey_photos
from crackscan.edge.photos.values import Crack, Crew, Looked, Method, Task

__all__ = [
    "Crack",
    "Crew",
    "Listing",
    "LocalCrew",
    "Looked",
    "Method",
    "Recorder",
    "Remaining",
    "Tally",
    "Task",
    "default_jobs",
    "list_photos",
    "open_survey",
    "remaining",
    "settings_of",
    "survey_photos",
]

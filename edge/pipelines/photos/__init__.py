"""Thousands of photographs into one record: listed, looked at in parallel, recorded once each."""

from crackscan.edge.pipelines.photos.listing import Listing, Remaining, list_photos, remaining
from crackscan.edge.pipelines.photos.process_pool import LocalCrew, default_jobs
from crackscan.edge.pipelines.photos.record import Recorder, open_survey, settings_of
from crackscan.edge.pipelines.photos.survey_photos import Tally, survey_photos
from crackscan.edge.pipelines.photos.values import Crack, Crew, Looked, Method, Task

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

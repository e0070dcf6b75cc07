"""Photographs, one or thousands: listed, processed in parallel, recorded once each."""

from crackscan.edge.pipelines.photos.folder import (
    is_same_scan,
    method_settings,
    open_survey,
    survey_info,
)
from crackscan.edge.pipelines.photos.listing import Listing, Remaining, list_photos, remaining
from crackscan.edge.pipelines.photos.process_pool import ProcessPool, SerialPool, default_workers
from crackscan.edge.pipelines.photos.record import PhotoRecorder
from crackscan.edge.pipelines.photos.scan_photos import demand_photos, scan_photos
from crackscan.edge.pipelines.photos.tally import PhotoTally
from crackscan.edge.pipelines.photos.values import Method, PhotoPool, PhotoResult, Task

__all__ = [
    "Listing",
    "Method",
    "PhotoPool",
    "PhotoRecorder",
    "PhotoResult",
    "PhotoTally",
    "ProcessPool",
    "Remaining",
    "SerialPool",
    "Task",
    "default_workers",
    "demand_photos",
    "is_same_scan",
    "list_photos",
    "method_settings",
    "open_survey",
    "remaining",
    "scan_photos",
    "survey_info",
]

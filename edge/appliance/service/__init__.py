"""A scan as a service of the machine: starts with it, and again when it fails (systemd)."""

from crackscan.edge.appliance.service.install import install_service, uninstall_service
from crackscan.edge.appliance.service.place import Place, find_program
from crackscan.edge.appliance.service.status import ServiceStatus, read_status
from crackscan.edge.appliance.service.unit import format_unit

__all__ = [
    "Place",
    "ServiceStatus",
    "find_program",
    "format_unit",
    "install_service",
    "read_status",
    "uninstall_service",
]

"""A scan as a service of the machine: starts with it, and again when it fails (systemd)."""

from crackscan.edge.appliance.service.install import install, uninstall
from crackscan.edge.appliance.service.place import Place, program
from crackscan.edge.appliance.service.status import ServiceStatus, status
from crackscan.edge.appliance.service.unit import unit

__all__ = ["Place", "ServiceStatus", "install", "program", "status", "uninstall", "unit"]

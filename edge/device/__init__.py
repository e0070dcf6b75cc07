"""The machine under the scan: temperature, memory, the systemd watchdog, lamps and buttons."""

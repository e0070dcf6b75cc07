"""The machine under the scan: its temperature and throttling, and the systemd watchdog."""

"""crackscan as a device: settings, the service, the self-check, the benchmark."""

"""What the telemetry costs a request, beside its peers: `python -m bench telemetry`."""

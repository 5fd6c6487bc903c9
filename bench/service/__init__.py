"""The whole service under load, with its telemetry and without: `python -m bench load`."""

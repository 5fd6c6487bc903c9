"""The whole service under load, with its telemetry and without: `burnrate bench load`."""

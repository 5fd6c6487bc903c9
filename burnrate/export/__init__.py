"""Rules, dashboards, routes and runbooks for a Prometheus, Loki and Grafana of a team's own."""

from burnrate.export.chart import chart_files
from burnrate.export.identity import identified
from burnrate.export.shipped import path as shipped_path

__all__ = ["chart_files", "identified", "shipped_path"]

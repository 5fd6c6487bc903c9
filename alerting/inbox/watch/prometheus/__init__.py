"""What Prometheus has recorded: the SLOs as they are now, and the charts of their past."""

from alerting.inbox.watch.prometheus.charts import Chart, ChartReader, Route, Routes, step_of
from alerting.inbox.watch.prometheus.client import PrometheusClient
from alerting.inbox.watch.prometheus.panels import Panel, panels_of_service, panels_of_slo
from alerting.inbox.watch.prometheus.slo import Slo, SloFigures, Tier
from alerting.inbox.watch.prometheus.slos import SloReader

__all__ = [
    "Chart",
    "ChartReader",
    "Panel",
    "PrometheusClient",
    "Route",
    "Routes",
    "Slo",
    "SloFigures",
    "SloReader",
    "Tier",
    "panels_of_service",
    "panels_of_slo",
    "step_of",
]

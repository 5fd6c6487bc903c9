"""What Prometheus has recorded: the SLOs as they are now."""

from alerting.inbox.watch.prometheus.slos import Slo, SloFigures, SloReader

__all__ = ["Slo", "SloFigures", "SloReader"]

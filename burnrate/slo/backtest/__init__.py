"""What a specification's alerts would have sent, over what a Prometheus holds."""

from burnrate.slo.backtest.history import History
from burnrate.slo.backtest.replay import Replayed, Span, replay
from burnrate.slo.backtest.report import as_json, report

__all__ = ["History", "Replayed", "Span", "as_json", "replay", "report"]

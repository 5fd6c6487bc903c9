"""Offers the metrics to a scraper, and finds at the start what would hide or mix them.

`MetricsRoute` is a route of the application, `MetricsPort` a port of its own, `Names` finds what
somebody else in the process calls its metrics too.
"""

from burnrate.telemetry.scrape.names import Names
from burnrate.telemetry.scrape.port import MetricsPort
from burnrate.telemetry.scrape.route import MetricsRoute

__all__ = ["MetricsPort", "MetricsRoute", "Names"]

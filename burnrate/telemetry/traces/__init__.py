"""Decides which requests are traced, makes their server spans and sends them over OTLP.

`start_tracing` sets a process up, `identify` draws or takes over a request's ids, `ServerSpan` is
what `Tracing.enter` gives a sampled request. Sending (`otlp`) is only loaded where traces are on.
"""

from burnrate.telemetry.traces.identity import identify
from burnrate.telemetry.traces.spans import ServerSpan
from burnrate.telemetry.traces.tracing import Tracing, start_tracing

__all__ = ["ServerSpan", "Tracing", "identify", "start_tracing"]

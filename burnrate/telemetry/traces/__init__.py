"""Decides which requests are traced, makes their server spans and sends them over OTLP.

`start_tracing` sets a process up or joins the provider that it has, `Identities` draw or take over
a request's ids, `ServerSpan` is what `Tracing.enter` gives a sampled request, and `Outcome` what
became of one that gets its span afterwards, as far as `LateSpans` has room. `silence_fastapi` keeps
FastAPI from doubling them. What `contrib` has is for server spans that the contrib instrumentation
makes. Sending (`otlp`) is only loaded where it is needed.
"""

from typing import TYPE_CHECKING

from burnrate.telemetry.traces.attaching import attach, detach
from burnrate.telemetry.traces.contrib import (
    adopted,
    check_contrib,
    expect_server_span,
    is_instrumented,
    is_wrapped_by_contrib,
    wrap_by_contrib,
)
from burnrate.telemetry.traces.identity import Identities
from burnrate.telemetry.traces.late_spans import LateSpans
from burnrate.telemetry.traces.native import silence_fastapi
from burnrate.telemetry.traces.spans import Outcome, ServerSpan
from burnrate.telemetry.traces.start import join_tracing, start_tracing

if TYPE_CHECKING:
    from burnrate.telemetry.traces.tracing import Tracing as Tracing

__all__ = [
    "Identities",
    "LateSpans",
    "Outcome",
    "ServerSpan",
    "adopted",
    "attach",
    "check_contrib",
    "detach",
    "expect_server_span",
    "is_instrumented",
    "is_wrapped_by_contrib",
    "join_tracing",
    "silence_fastapi",
    "start_tracing",
    "wrap_by_contrib",
]

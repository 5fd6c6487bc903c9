"""The standard `OTEL_*` variables that the SDK does not read itself, or not for us.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import importlib.util
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from re import Pattern
from typing import Final

from opentelemetry import propagate

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_GRPC: Final = "opentelemetry.exporter.otlp.proto.grpc"
_EXCLUDED: Final = ("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "OTEL_PYTHON_EXCLUDED_URLS")
# What only the contrib instrumentation does.
_CONTRIB_ONLY: Final = (
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE",
)


@dataclass(frozen=True, slots=True)
class TraceVariables:
    """What the environment says about traces.

    Attributes:
        is_wanted: Whether spans are to be sent: there is an endpoint, and nothing turns it off.
        protocol: How they are sent, `http/protobuf` or `grpc`.
        refusals: One line for each variable that cannot be followed.
    """

    is_wanted: bool
    protocol: str
    refusals: tuple[str, ...]


def read_variables(*, is_contrib: bool) -> TraceVariables:
    """Read them; a value that cannot be followed turns traces off rather than doing another thing.

    Args:
        is_contrib: Whether the contrib instrumentation makes the server spans.
    """
    protocol = next((os.environ[each] for each in _PROTOCOLS if os.environ.get(each)), "")
    protocol = protocol.strip() or "http/protobuf"
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() or "otlp"
    is_wanted = (
        any(os.environ.get(name) for name in _ENDPOINTS)
        and not is_disabled()
        and exporter != "none"
    )
    refusals = []
    if exporter not in {"otlp", "none"}:
        refusals.append(f"OTEL_TRACES_EXPORTER={exporter}: only otlp and none are known here")
    if protocol not in {"http/protobuf", "grpc"}:
        refusals.append(f"{protocol} is no OTLP protocol known here: http/protobuf or grpc")
    elif protocol == "grpc" and not _is_installed(_GRPC):
        refusals.append("OTLP by grpc needs the package opentelemetry-exporter-otlp-proto-grpc")
    try:
        excluded_urls()
    except re.error as error:
        refusals.append(f"{' and '.join(_EXCLUDED)} hold patterns of URLs: {error}")
    is_followed = not refusals
    if not is_contrib:
        refusals += [
            f'{name} needs spans="contrib" (TELEMETRY_SPANS=contrib)'
            for name in _CONTRIB_ONLY
            if os.environ.get(name)
        ]
    return TraceVariables(is_wanted and is_followed, protocol, tuple(refusals))


def is_disabled() -> bool:
    """Say whether the whole SDK is turned off."""
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def carried_headers() -> frozenset[bytes]:
    """Return the names of the headers that callers' contexts come in: `OTEL_PROPAGATORS` says."""
    fields = propagate.get_global_textmap().fields
    return frozenset(name.lower().encode("ascii") for name in fields)


def excluded_urls() -> Callable[[str], bool] | None:
    """Return what says of a URL that its requests are not traced; None where nothing is excluded.

    Raises:
        re.error: One of the comma-separated patterns is no regular expression.
    """
    text = next((os.environ[each] for each in _EXCLUDED if os.environ.get(each)), "")
    patterns = [each.strip() for each in text.split(",") if each.strip()]
    if not patterns:
        return None
    compiled: Pattern[str] = re.compile("|".join(patterns))
    return lambda url: compiled.search(url) is not None


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False

"""Faults in normal routes of the service, which injects them itself."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from burnrate.drill.errors import DrillError, UndoFailed
from burnrate.http_client import HttpClient, NoAnswer, refusal

# The service's own limit: no injection outlives a drill that was killed by longer.
LONGEST_INJECTION_SECONDS = 600.0
_CREATED = 201
_NOT_THERE = 404
_UNDO_TRIES = 5
_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Injections:
    """The same fault in some routes.

    Args:
        service: Whose.
        routes: Method and template of each.
        kind: `exception` or `latency`.
        delay_seconds: How much longer a request takes, for `latency`.
    """

    service: HttpClient
    routes: Sequence[tuple[str, str]]
    kind: str
    delay_seconds: float = 0.0

    def apply(self) -> None:
        """Ask the service for it; raises DrillError where it refuses, and NoAnswer."""
        for method, route in self.routes:
            body: dict[str, Any] = {"method": method, "route": route, "kind": self.kind}
            body |= {"seconds": LONGEST_INJECTION_SECONDS}
            if self.delay_seconds:
                body["delay_seconds"] = self.delay_seconds
            answer = self.service.request("POST", "/faults/injections", json=body)
            if answer.status_code != _CREATED:
                raise DrillError(f"the service refuses the fault: {refusal(answer)}")

    def undo(self) -> None:
        """Take all injections back; raises UndoFailed after some tries."""
        problem = ""
        for _ in range(_UNDO_TRIES):
            try:
                answer = self.service.request("DELETE", "/faults/injections")
                if answer.is_success or answer.status_code == _NOT_THERE:
                    return
                problem = str(answer.status_code)
            except NoAnswer as error:
                problem = str(error)
            time.sleep(_RETRY_SECONDS)
        raise UndoFailed(
            f"the injected faults are still on ({problem}); they end by themselves within "
            f"{LONGEST_INJECTION_SECONDS:.0f} s, or with: "
            f"curl -X DELETE {self.service.url}/faults/injections"
        )

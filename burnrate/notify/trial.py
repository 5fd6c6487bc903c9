"""A page that nobody needs, to see which receivers take one."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import yaml

from burnrate.http_client import HttpClient, refusal
from burnrate.notify.errors import NotifyError
from burnrate.samples import Samples
from burnrate.stack import team_of_receiver

# It ends by itself, and that is told too.
_LASTS = timedelta(minutes=5)
_SENT, _FAILED = "alertmanager_notifications_total", "alertmanager_notifications_failed_total"
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """What became of the notifications of a trial at one kind of receiver.

    Attributes:
        kind: Alertmanager's word for it. The inbox is a webhook, too.
    """

    kind: str
    sent: int
    failed: int

    @property
    def is_delivered(self) -> bool:
        """Whether it was sent, and none was given up."""
        return self.sent > 0 and not self.failed

    def line(self) -> str:
        """Return it for people."""
        if self.failed:
            return f"{self.kind}: {self.failed} of {self.sent} given up"
        return f"{self.kind}: {self.sent} sent" if self.sent else f"{self.kind}: nothing sent yet"


def send(alertmanager: HttpClient, at: datetime, team: str = "") -> None:
    """Post the page.

    Args:
        alertmanager: Which passes it on.
        at: Makes it a group of its own.
        team: Whose it is; empty for nobody's.

    Raises:
        NotifyError: Alertmanager refuses it; NoAnswer if it does not answer.
    """
    labels = {"alertname": "Try", "service": f"try-{at:%H%M%S}", "severity": "page"}
    alert = {
        "labels": {**labels, **({"team": team} if team else {})},
        "annotations": {
            "summary": "A try: no need to do anything.",
            "description": "Somebody asked whether pages arrive (burnrate notify test).",
        },
        "startsAt": at.isoformat(),
        "endsAt": (at + _LASTS).isoformat(),
    }
    response = alertmanager.request("POST", "/api/v2/alerts", json=[alert])
    if not response.is_success:
        raise NotifyError(f"Alertmanager refuses the trial: {refusal(response)}")


def kinds(alertmanager: HttpClient, team: str = "") -> frozenset[str]:
    """Return the kinds of receivers that Alertmanager has for a team's alerts, or for others.

    Raises:
        NotifyError: it does not say so, or has none of that team's.
    """
    try:
        status = json.loads(alertmanager.get("/api/v2/status"))
        receivers = yaml.safe_load(status["config"]["original"])["receivers"]
        told = [r for r in receivers if _is_inbox(r) or team_of_receiver(r["name"]) == team]
        keys = {key for receiver in told for key in receiver}
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise NotifyError("Alertmanager does not say which receivers it has") from error
    if team and all(map(_is_inbox, told)):
        raise NotifyError(f"{team} has no receivers of its own (teams in burnrate.yml)")
    return frozenset(key.removesuffix("_configs") for key in keys if key.endswith("_configs"))


def _is_inbox(receiver: Mapping[str, object]) -> bool:
    """Return whether it is told in any case."""
    return receiver["name"] == "inbox"


def follow(
    alertmanager: HttpClient, before: Samples, wanted: Iterable[str], seconds: float
) -> list[Outcome]:
    """Wait until each kind of receiver was tried, at most for so many seconds.

    Args:
        alertmanager: Whose counters say it.
        before: Its counters before the trial.
        wanted: The kinds.
        seconds: End the wait.
    """
    deadline = time.monotonic() + seconds
    while True:
        after = alertmanager.samples()
        outcomes = [_outcome(kind, before, after) for kind in sorted(wanted)]
        if all(each.sent for each in outcomes) or time.monotonic() >= deadline:
            return outcomes
        time.sleep(_POLL_SECONDS)


def _outcome(kind: str, before: Samples, after: Samples) -> Outcome:
    sent, failed = (
        round(after.total(metric, integration=kind) - before.total(metric, integration=kind))
        for metric in (_SENT, _FAILED)
    )
    return Outcome(kind, sent, failed)

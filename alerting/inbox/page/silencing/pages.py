"""The page of all silences, and the one on which a silence is made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from alerting.inbox.page.formats import count
from alerting.inbox.page.rendering import Content
from alerting.inbox.page.silencing.form import SilenceForm
from alerting.inbox.page.silencing.held import held_back
from alerting.inbox.store import WATCHDOG
from alerting.inbox.watch import ListedAlert, Muting

NO_ALERTMANAGER: Final = Content("no_alertmanager.html", "No Alertmanager is known", status=404)
_SHOWN: Final = 50


def silences_page(muting: Muting, now: datetime) -> Content:
    """Return what the page of all silences shows."""
    return Content(
        template="silences_page.html",
        title="Silences · Burnrate",
        values={"now": now, "held": held_back(muting)},
    )


def silence_form_page(
    form: SilenceForm, matching: Sequence[ListedAlert] | None, now: datetime
) -> Content:
    """Return what the form shows.

    Args:
        form: As far as it is filled in.
        matching: What fires and would be held back; None if Alertmanager does not answer.
        now: The moment.
    """
    alerts = matching or ()
    pages = sum(alert.labels.get("severity") == "page" for alert in alerts)
    return Content(
        template="silence_form.html",
        title=f"Silence {form.about} · Burnrate",
        values={
            "now": now,
            "form": form,
            "is_answered": matching is not None,
            "matching": sorted(alerts, key=lambda alert: alert.title)[:_SHOWN],
            "more": max(0, len(alerts) - _SHOWN),
            "number": count(len(alerts), "alert"),
            "pages": count(pages, "page") if pages else "",
            "has_watchdog": any(alert.labels.get("alertname") == WATCHDOG for alert in alerts),
        },
    )

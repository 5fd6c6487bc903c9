"""Who is told of alerts besides the inbox, by Alertmanager's own word."""

from collections.abc import Iterable, Mapping

from burnrate.http_client import HttpClient, NoAnswer
from burnrate.stack.compose import NOBODY, chosen_receivers, team_of_receiver
from burnrate.stack.status import PartStatus

_PART = "alertmanager"
_INBOX = "inbox"


def alertmanager_of(rows: Iterable[PartStatus]) -> HttpClient | None:
    """Return a client of the running Alertmanager; None if there is none.

    Args:
        rows: The parts and where they listen.
    """
    url = next((row.url for row in rows if row.part == _PART and row.is_good), None)
    return None if url is None else HttpClient(_PART, url)


def find_told(rows: Iterable[PartStatus]) -> list[str] | None:
    """Return the receivers besides the inbox; None where Alertmanager cannot be asked from here.

    Args:
        rows: The parts and where they listen.
    """
    alertmanager = alertmanager_of(rows)
    if alertmanager is None:
        return None
    try:
        with alertmanager as client:
            names = [each["name"] for each in client.request("GET", "/api/v2/receivers").json()]
    except (NoAnswer, KeyError, TypeError, ValueError):
        return None
    return [name for name in names if name != _INBOX]


def told_line(told: list[str] | None, settings: Mapping[str, str]) -> str | None:
    """Return a line for people; None if there is nothing to say.

    Args:
        told: What `find_told` returned.
        settings: The user's.
    """
    if told is None:
        return None
    is_meant = NOBODY in chosen_receivers(settings.get("NOTIFY", ""))
    if told and not is_meant and all(map(team_of_receiver, told)):
        return (
            f"teams alone are told, by {', '.join(told)}: of an alert without such a team nobody"
            " is (NOTIFY; NOTIFY=nobody if that is meant)"
        )
    if told:
        return f"alerts are told by {', '.join(told)}"
    if is_meant:
        return None
    return (
        "nobody is told of alerts, they are in the inbox alone: burnrate notify ntfy, or "
        "docs/receivers.md (NOTIFY=nobody if that is meant)"
    )

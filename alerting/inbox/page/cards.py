"""The pieces of an alert that both pages show."""

from collections.abc import Iterable

from alerting.inbox.page.html import Html, fill, join
from alerting.inbox.page.links import Link
from alerting.inbox.store import StoredEpisode

_SEVERITIES = ("page", "ticket")

_TAKE = """<details class="act" id="act-{id}">
<summary>Acknowledge or comment</summary>
<form method="post" action="/alerts/{id}/acknowledge">
<label>Name <input name="by" id="by-{id}" maxlength="80" autocomplete="name"></label>
<label class="wide">Comment <input name="text" id="text-{id}" maxlength="4000"></label>
<button>Acknowledge</button>
<button class="quiet" formaction="/alerts/{id}/comment">Only comment</button>
</form>
</details>
"""
_TAKEN = """<details class="act" id="act-{id}">
<summary>Comment or give back</summary>
<form method="post" action="/alerts/{id}/comment">
<label>Name <input name="by" id="by-{id}" maxlength="80" autocomplete="name"></label>
<label class="wide">Comment <input name="text" id="text-{id}" maxlength="4000"></label>
<button>Comment</button>
<button class="quiet" formaction="/alerts/{id}/unacknowledge">Give back</button>
</form>
</details>
"""


def severity_of(episode: StoredEpisode) -> str:
    """The severity as one of the classes that have a colour."""
    severity = episode.labels.get("severity", "")
    return severity if severity in _SEVERITIES else "other"


def title_of(episode: StoredEpisode) -> str:
    """The alert's name, and what it is about."""
    labels = episode.labels
    about = " ".join(labels[name] for name in ("service", "slo") if labels.get(name))
    name = labels.get("alertname") or "An alert without a name"
    return f"{name} · {about}" if about else name


def badges(episode: StoredEpisode) -> Html:
    """The words beside the title."""
    found = [(severity_of(episode), episode.labels.get("severity") or "no severity")]
    if not episode.deliveries:
        found.append(("found", "found at Alertmanager, not delivered"))
    if episode.is_stale:
        found.append(("stale", "stale: Alertmanager does not list it"))
    if episode.acknowledged_at:
        by = f" by {episode.acknowledged_by}" if episode.acknowledged_by else ""
        found.append(("taken", f"acknowledged{by}"))
    return join(
        fill('<span class="badge {mood}">{word}</span>', mood=mood, word=word)
        for mood, word in found
    )


def links_of(links: Iterable[Link]) -> Html:
    """Links as the row below an alert."""
    return join(
        fill('<a href="{url}" rel="noreferrer">{name}</a>', url=link.url, name=link.name)
        for link in links
    )


def actions(episode: StoredEpisode) -> Html:
    """What a person can do to an alert, by plain forms."""
    return fill(_TAKEN if episode.acknowledged_at else _TAKE, id=episode.id)

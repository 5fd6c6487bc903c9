"""One alert by itself: what it says, where to look, and all that happened to it."""

from datetime import datetime

from alerting.inbox.page import formats
from alerting.inbox.page.cards import actions, badges, links_of, severity_of, title_of
from alerting.inbox.page.html import Html, fill, join
from alerting.inbox.page.links import Links
from alerting.inbox.store import Kind, StoredEpisode, StoredTransition

_STORIES = {
    Kind.OPENED: "Fires",
    Kind.REOPENED: "Fires again",
    Kind.STARTED_EARLIER: "Turns out to have started earlier",
    Kind.CLOSED: "Resolved",
    Kind.CLOSED_UNSEEN: "Resolved; its firing never arrived",
    Kind.ENDED_LATER: "Turns out to have ended later",
    Kind.RESOLVED_BEFORE: "A late word of an end before this began",
    Kind.STALE: "Alertmanager does not list it any more",
    Kind.CONFIRMED: "Confirmed: it fires still",
    Kind.CLOSED_UNCONFIRMED: "Taken as over: not listed for long, its resolve was lost",
    Kind.FOUND: "Found on Alertmanager's list; its notification never arrived",
    Kind.ACKNOWLEDGED: "Acknowledged",
    Kind.UNACKNOWLEDGED: "Given back",
    Kind.COMMENTED: "Comment",
}
_DETAIL = """<p class="back"><a href="/">← All</a></p>
<article class="card whole {severity}">
<div class="card-head"><h1>{title}</h1>{badges}</div>
<p class="summary">{summary}</p>
<p class="description">{description}</p>
<dl class="figures">{figures}</dl>
<nav class="links">{links}</nav>
{actions}
</article>
<section><h2>Timeline</h2><ol class="timeline">{timeline}</ol></section>
<section><h2>Labels</h2><dl class="pairs">{labels}</dl></section>
<section><h2>Annotations</h2><dl class="pairs">{annotations}</dl></section>
"""


def alert_page(
    episode: StoredEpisode, timeline: list[StoredTransition], links: Links, now: datetime
) -> Html:
    """The living part of an alert's page."""
    return fill(
        _DETAIL,
        severity=severity_of(episode),
        title=title_of(episode),
        badges=badges(episode),
        summary=episode.annotations.get("summary"),
        description=episode.annotations.get("description"),
        figures=_figures(episode, now),
        links=links_of(links.of(episode)),
        actions=actions(episode),
        timeline=join(_entry(change, now) for change in timeline),
        labels=_pairs(episode.labels),
        annotations=_pairs(episode.annotations),
    )


def _figures(episode: StoredEpisode, now: datetime) -> Html:
    ended = episode.ends_at
    figures: list[tuple[str, object]] = [
        ("Since", formats.moment(episode.starts_at, now)),
        ("Ended", formats.moment(ended, now) if ended else "fires still"),
        ("Lasted" if ended else "Firing for", formats.duration((ended or now) - episode.starts_at)),
        ("Deliveries", str(episode.deliveries)),
    ]
    return join(
        fill("<div><dt>{name}</dt><dd>{value}</dd></div>", name=name, value=value)
        for name, value in figures
    )


def _entry(change: StoredTransition, now: datetime) -> Html:
    by = f" by {change.author}" if change.author else ""
    return fill(
        '<li class="{kind}">{at} <b>{story}{by}</b>{text}</li>\n',
        kind=change.kind,
        at=formats.moment(change.at, now),
        story=_STORIES[change.kind],
        by=by,
        text=fill("<q>{text}</q>", text=change.text) if change.text else "",
    )


def _pairs(pairs: dict[str, str]) -> Html:
    return join(
        fill("<div><dt>{name}</dt><dd>{text}</dd></div>", name=name, text=text)
        for name, text in sorted(pairs.items())
    )

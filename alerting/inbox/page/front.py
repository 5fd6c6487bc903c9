"""The front page: is anything wrong, what fires, how the SLOs stand, what was lately."""

from datetime import timedelta

from alerting.inbox.page import formats
from alerting.inbox.page.cards import actions, badges, links_of, severity_of, title_of
from alerting.inbox.page.html import Html, fill, join
from alerting.inbox.page.links import Links
from alerting.inbox.page.overview import Overview
from alerting.inbox.page.slo_table import slo_section
from alerting.inbox.store import StoredEpisode

_CARD = """<article class="card {severity}{taken}{stale}">
<div class="card-head">
<h3><a href="/episodes/{id}">{title}</a></h3>
{badges}
</div>
<p class="summary">{summary}</p>
{description}
<dl class="figures">{figures}</dl>
<nav class="links">{links}</nav>
{actions}
</article>
"""
_FIGURE = "<div><dt>{name}</dt><dd>{value}</dd></div>"
_LATELY = """<li class="{severity}">
<a href="/episodes/{id}">{title}</a>
<span class="when">{ended}, after {lasted}</span>
</li>
"""


def front_page(overview: Overview, links: Links) -> Html:
    """The living part of the front page."""
    return fill(
        """<section class="state {mood}" aria-live="polite">
<h1>{headline}</h1><p>{detail}</p>
<ul class="path">{path}</ul>
</section>
{firing}{slos}{lately}""",
        **_state(overview),
        path=_path(overview),
        firing=_firing(overview, links),
        slos=slo_section(overview.slos, overview.now),
        lately=_lately(overview),
    )


def heading(overview: Overview) -> str:
    """The headline by itself, for the window's title."""
    return str(_state(overview)["headline"])


def _state(overview: Overview) -> dict[str, str]:
    pages = sum(episode.labels.get("severity") == "page" for episode in overview.firing)
    tickets = len(overview.firing) - pages
    if overview.verdict.is_late:
        detail = (
            f"{overview.verdict.reason} What is shown may be over, and what fires may not be here."
        )
        return {"mood": "blind", "headline": "Blind: alerts do not arrive", "detail": detail}
    if pages:
        rest = f"{_count(tickets, 'ticket')} beside." if tickets else "Somebody should look now."
        return {
            "mood": "page",
            "headline": f"{_count(pages, 'page')} {'fires' if pages == 1 else 'fire'}",
            "detail": rest,
        }
    if tickets:
        return {
            "mood": "ticket",
            "headline": f"{_count(tickets, 'ticket')} open",
            "detail": "Nothing that cannot wait for working hours.",
        }
    if not overview.has_watchdog_arrived:
        return {
            "mood": "waiting",
            "headline": "Nothing fires, as far as known",
            "detail": "The watchdog alert has not arrived since the inbox started.",
        }
    return {
        "mood": "quiet",
        "headline": "Nothing fires",
        "detail": "The watchdog alert arrives, so an alert would too.",
    }


def _path(overview: Overview) -> Html:
    silence = formats.duration(timedelta(seconds=overview.silent_seconds))
    heard = f"{silence} ago" if overview.has_watchdog_arrived else f"not heard for {silence}"
    heard_mood = (
        "bad"
        if overview.verdict.is_late
        else "good"
        if overview.has_watchdog_arrived
        else "unknown"
    )
    prometheus = "bad" if overview.slos.problem else "good"
    answers = {True: ("good", "answers"), False: ("bad", "does not answer")}
    alertmanager = answers.get(overview.is_answered, ("unknown", "not asked"))  # type: ignore[arg-type]
    prometheus_word = "does not answer" if overview.slos.problem else "answers"
    if (
        overview.slos.read_at is None
        and overview.slos.problem
        and "not set" in overview.slos.problem
    ):
        prometheus, prometheus_word = "unknown", "not asked"
    chips = (
        ("Watchdog", heard_mood, heard),
        ("Alertmanager", *alertmanager),
        ("Prometheus", prometheus, prometheus_word),
    )
    return join(
        fill('<li class="{mood}"><b>{name}</b> {word}</li>', name=name, mood=mood, word=word)
        for name, mood, word in chips
    )


def _firing(overview: Overview, links: Links) -> Html:
    if not overview.firing:
        return Html()
    more = fill('<p class="note">More: <a href="/alerts?state=firing">the whole list</a></p>')
    return fill(
        '<section><h2>Firing now</h2><div class="cards">{cards}</div>{more}</section>\n',
        cards=join(_card(overview, episode, links) for episode in overview.firing),
        more=more if overview.has_more else None,
    )


def _card(overview: Overview, episode: StoredEpisode, links: Links) -> Html:
    annotations = episode.annotations
    description = annotations.get("description")
    return fill(
        _CARD,
        id=episode.id,
        severity=severity_of(episode),
        taken=" taken" if episode.acknowledged_at else "",
        stale=" stale" if episode.is_stale else "",
        title=title_of(episode),
        badges=badges(episode),
        summary=annotations.get("summary"),
        description=fill('<p class="description">{it}</p>', it=description) if description else "",
        figures=_figures(overview, episode),
        links=links_of(links.of(episode)),
        actions=actions(episode),
    )


def _figures(overview: Overview, episode: StoredEpisode) -> Html:
    figures: list[tuple[str, object]] = [
        ("Firing for", formats.duration(overview.now - episode.starts_at)),
        ("Since", formats.moment(episode.starts_at, overview.now)),
    ]
    slo = overview.slos.find(episode.labels)
    if slo is not None:
        old = " (old)" if overview.slos.problem else ""
        figures += [
            ("Burns now", formats.burn(slo.burn_rate) + old),
            ("Budget left", formats.budget(slo.budget_left) + old),
        ]
    elif "slo" in episode.labels:
        figures += [("Burns now", "unknown"), ("Budget left", "unknown")]
    return join(fill(_FIGURE, name=name, value=value) for name, value in figures)


def _lately(overview: Overview) -> Html:
    if not overview.resolved:
        return fill('<section><h2>Lately</h2><p class="note">Nothing has ended yet.</p></section>')
    lines = join(
        fill(
            _LATELY,
            id=episode.id,
            severity=severity_of(episode),
            title=title_of(episode),
            ended=formats.moment(episode.ends_at or episode.starts_at, overview.now),
            lasted=formats.duration((episode.ends_at or episode.starts_at) - episode.starts_at),
        )
        for episode in overview.resolved
    )
    return fill('<section><h2>Lately</h2><ul class="lately">{lines}</ul></section>', lines=lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

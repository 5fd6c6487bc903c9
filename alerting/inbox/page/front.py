"""The front page: is anything wrong, what fires, how the SLOs stand, what was lately."""

from datetime import timedelta

from alerting.inbox.page import words
from alerting.inbox.page.cards import actions, badges, links_of, severity_of, title_of
from alerting.inbox.page.html import Html, fill, join
from alerting.inbox.page.links import Links
from alerting.inbox.page.slo_table import slo_section
from alerting.inbox.page.view import View
from alerting.inbox.store.listing import StoredEpisode

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


def front(view: View, links: Links) -> Html:
    """The living part of the front page."""
    return fill(
        """<section class="state {mood}" aria-live="polite">
<h1>{headline}</h1><p>{detail}</p>
<ul class="path">{path}</ul>
</section>
{firing}{slos}{lately}""",
        **_state(view),
        path=_path(view),
        firing=_firing(view, links),
        slos=slo_section(view.slos, view.now),
        lately=_lately(view),
    )


def heading(view: View) -> str:
    """The headline by itself, for the window's title."""
    return str(_state(view)["headline"])


def _state(view: View) -> dict[str, str]:
    pages = sum(episode.labels.get("severity") == "page" for episode in view.firing)
    tickets = len(view.firing) - pages
    if view.verdict.is_late:
        detail = f"{view.verdict.reason} What is shown may be over, and what fires may not be here."
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
    if not view.is_heard:
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


def _path(view: View) -> Html:
    silence = words.duration(timedelta(seconds=view.silent_seconds))
    heard = f"{silence} ago" if view.is_heard else f"not heard for {silence}"
    heard_mood = "bad" if view.verdict.is_late else "good" if view.is_heard else "unknown"
    prometheus = "bad" if view.slos.problem else "good"
    answers = {True: ("good", "answers"), False: ("bad", "does not answer")}
    alertmanager = answers.get(view.is_answered, ("unknown", "not asked"))  # type: ignore[arg-type]
    prometheus_word = "does not answer" if view.slos.problem else "answers"
    if view.slos.read_at is None and view.slos.problem and "not set" in view.slos.problem:
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


def _firing(view: View, links: Links) -> Html:
    if not view.firing:
        return Html()
    more = fill('<p class="note">More: <a href="/alerts?state=firing">the whole list</a></p>')
    return fill(
        '<section><h2>Firing now</h2><div class="cards">{cards}</div>{more}</section>\n',
        cards=join(_card(view, episode, links) for episode in view.firing),
        more=more if view.has_more else None,
    )


def _card(view: View, episode: StoredEpisode, links: Links) -> Html:
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
        figures=_figures(view, episode),
        links=links_of(links.of(episode)),
        actions=actions(episode),
    )


def _figures(view: View, episode: StoredEpisode) -> Html:
    figures: list[tuple[str, object]] = [
        ("Firing for", words.duration(view.now - episode.starts_at)),
        ("Since", words.moment(episode.starts_at, view.now)),
    ]
    slo = view.slos.find(episode.labels)
    if slo is not None:
        old = " (old)" if view.slos.problem else ""
        figures += [
            ("Burns now", words.burn(slo.burn_rate) + old),
            ("Budget left", words.budget(slo.budget_left) + old),
        ]
    elif "slo" in episode.labels:
        figures += [("Burns now", "unknown"), ("Budget left", "unknown")]
    return join(fill(_FIGURE, name=name, value=value) for name, value in figures)


def _lately(view: View) -> Html:
    if not view.lately:
        return fill('<section><h2>Lately</h2><p class="note">Nothing has ended yet.</p></section>')
    lines = join(
        fill(
            _LATELY,
            id=episode.id,
            severity=severity_of(episode),
            title=title_of(episode),
            ended=words.moment(episode.ends_at or episode.starts_at, view.now),
            lasted=words.duration((episode.ends_at or episode.starts_at) - episode.starts_at),
        )
        for episode in view.lately
    )
    return fill('<section><h2>Lately</h2><ul class="lately">{lines}</ul></section>', lines=lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

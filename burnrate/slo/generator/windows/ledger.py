"""An SLO's ledger: one counter of all its events, which gaps and new series do not bend.

At each evaluation it grows by what every instance has counted since it was last seen. What an
instance had counted then is a record of its own, so it is known however long nobody looked: after
a gap of Prometheus or of a target everything is counted that the counters still know. A window is
a difference of the ledger. The limits are in docs/decisions/0022-a-ledger-an-slo.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from burnrate.slo.generator.windows.names import (
    HISTORY_SECONDS,
    IN_A_ROW,
    SERIES,
    UNRECOVERED,
    Rule,
    ledger_name,
    rule,
)
from burnrate.slo.generator.windows.observation import INSTANCE, observed
from burnrate.slo.pace import ledger_seconds
from burnrate.slo.specification import BudgetReset, Slo, Term, quote
from burnrate.slo.windows import DAY, EVALUATION_SECONDS, TICKET_EVALUATION_SECONDS, Window

# The evaluation before this one.
_BEFORE: Final = " offset 1ms"
# Of an instance, which may have been gone for a while, and comes back before anybody looked.
_LATELY: Final = "[5m] offset 1ms"
# And what the recovery group looks for: what was last recorded, up to a day ago.
_FORGOTTEN: Final = "[1d]"
# Where samples are dense: so much of the day at a time, and what is newer than the last such part.
_PART: Final = "[30m]"
_PARTS: Final = "[1d:30m]"
# When the ledger was last seen to be evaluated.
_SEEN: Final = "slo:ledger:seen"
# The recovery group has looked back since Prometheus was away.
_READY: Final = "slo:ledger:ready"
# What an instance has counted of one term, and when its process started.
_COUNTED: Final = "slo:instance_events:total"
_STARTED: Final = "slo:instance_start:seconds"
# What it has counted since it was last seen.
_GAINED: Final = "slo:instance_events:gained"
# Nothing but what this evaluation recorded: an older gain would be booked twice.
_NOW: Final = "[1ms]"
_HISTORY_START: Final = "slo:history:start"
# A scrape that fails now and then is no gap.
_MEASURED: Final = "5m"
# As long as it takes to find and scrape a new process a few times.
YOUNG_SECONDS: Final = 300
# A kernel says when a process started to a second or so, depending on its clock.
SAME_START_SECONDS: Final = 2
# Of a process that nobody has seen: no start is as near to it as to its own.
_LONG_AGO_SECONDS: Final = 10 * SAME_START_SECONDS


class _Ledger:
    """Events of windows as differences of a ledger."""

    def base(self, slo: Slo) -> Sequence[Rule]:
        own, seen = {**slo.identity, "slo": slo.name}, observed(slo)
        return [
            *_counted(slo, seen.counts),
            rule(slo, _STARTED, _when_ready(slo, seen.starts), own),
            rule(slo, _GAINED, _gained(slo), own),
            rule(slo, SERIES, seen.series, own),
            *_book(slo, "total", f"count_over_time({SERIES}{slo.selector}[{_MEASURED}])"),
            rule(slo, _HISTORY_START, _history_start(slo)),
            rule(slo, HISTORY_SECONDS, f"time() - {_HISTORY_START}{slo.selector}"),
            *_book(slo, "bad", ledger_name("total") + slo.selector),
            rule(slo, _resumed("total"), _resumption(slo)),
            rule(slo, _resumed("bad"), _resumption_of_bad(slo)),
        ]

    def total(self, slo: Slo, window: Window) -> str:
        # A ledger that is younger than the window has the traffic of a full one, at its mean.
        history = (
            f"clamp(max({HISTORY_SECONDS}{slo.selector}), {EVALUATION_SECONDS}, {window.seconds})"
        )
        return f"clamp_min({_since(slo, 'total', window)}, 0) / {history}"

    def bad(self, slo: Slo, window: Window) -> str:
        return f"clamp_min({_since(slo, 'bad', window)}, 0) / {window.seconds}"

    def in_period(self, slo: Slo, kind: str) -> str:
        # While nothing is measured, the budget stands still.
        newest, history = _newest(slo, ledger_name(kind)), _newest(slo, HISTORY_SECONDS)
        began = _began(slo, kind, slo.period, slo.period_days * DAY, history)
        if slo.settings.reset is not None:
            began = f"{_at_reset(slo, slo.settings.reset, kind)} or {began}"
        return f"clamp_min({newest} - ({began}), 0)"

    def full_period(self, slo: Slo) -> str:
        period = slo.period_days * DAY
        history = _newest(slo, HISTORY_SECONDS)
        if slo.settings.reset is not None:
            at = _timestamp(slo.settings.reset)
            # Before that moment it limits nothing.
            history = f"clamp_max({history}, time() - {at} + {period} * (time() < bool {at}))"
        counted = f"clamp({history}, {EVALUATION_SECONDS}, {period})"
        return f" * on () group_left () ({period} / {counted})"

    def recovery(self, slo: Slo) -> Sequence[Rule]:
        own = {**slo.identity, "slo": slo.name}
        single = [_HISTORY_START, HISTORY_SECONDS, UNRECOVERED, IN_A_ROW]
        single += [*map(ledger_name, ("total", "bad"))]
        single += [_balance(kind) for kind in ("total", "bad") if _is_difference(slo, kind)]
        return [
            *(
                rule(slo, _last(name), _looked_back(slo, name + slo.selector), own)
                for name in (_COUNTED, _STARTED)
            ),
            *(
                rule(slo, _last(name), f"max({_looked_back(slo, name + slo.lookup)})")
                for name in single
            ),
            rule(slo, _SEEN, _seen(slo), own),
            rule(slo, _READY, "vector(1)", own),
        ]


LEDGER: Final = _Ledger()


def _counted(slo: Slo, counts: Mapping[Term, str]) -> Iterator[Rule]:
    """Yield what every instance has counted of each term; what two terms share is read once."""
    own, found = {**slo.identity, "slo": slo.name}, dict[str, str]()
    for each, query in counts.items():
        first = found.setdefault(query, each.name)
        shared = _COUNTED + slo.narrowed(f'term="{first}"')
        is_first = first == each.name
        expr = _when_ready(slo, query) if is_first else f"last_over_time({shared}{_NOW})"
        yield rule(slo, _COUNTED, expr, {**own, "term": each.name})


def _last(name: str) -> str:
    return f"{name}_last"


def _looked_back(slo: Slo, series: str) -> str:
    """Return what each series last was within a day, or half an hour more.

    A function of a range copies all of its samples. Where they are dense, to find the last of each
    half hour, and of these the last one, costs half as much as to copy a day.
    """
    if ledger_seconds(slo) >= TICKET_EVALUATION_SECONDS:
        return f"last_over_time({series}{_FORGOTTEN})"
    part = f"last_over_time({series}{_PART})"
    return f"{part} or last_over_time({part}{_PARTS})"


def _previous(name: str, selector: str) -> str:
    """Return what each series was at the last evaluation, however long ago: up to a day."""
    return f"(last_over_time({name}{selector}{_LATELY}) or {_last(name)}{selector})"


def previous(slo: Slo, name: str) -> str:
    """Return what a single series was then, under whatever labels the SLO had."""
    return f"(max({name}{slo.lookup}{_BEFORE}) or max({_last(name)}{slo.selector}))"


def _seen(slo: Slo) -> str:
    start, seconds = (_last(name) + slo.selector for name in (_HISTORY_START, HISTORY_SECONDS))
    return f"max({start}) + max({seconds})"


def _newest(slo: Slo, name: str) -> str:
    """Return a single series' value, while nothing is measured the last one."""
    return f"max({name}{slo.selector} or {_last(name)}{slo.selector})"


def _when_ready(slo: Slo, query: str) -> str:
    return f"{query} and on () {_READY}{slo.selector}"


def _gained(slo: Slo) -> str:
    now, started = _COUNTED + slo.selector, _STARTED + slo.selector
    before, on = _previous(_COUNTED, slo.selector), f"on ({INSTANCE})"
    # Fewer than before: the process is another one and has counted from 0; or a series is gone
    # while its process lives, and what is left is not new.
    return (
        f"{now} - {before} >= 0"
        f" or {now} and {on} ({_fresh(slo, started)})"
        f" or {now} < {before} unless {on} {started}"
    )


def _fresh(slo: Slo, started: str) -> str:
    before = _previous(_STARTED, slo.selector)
    seen = f"max({_SEEN}{slo.selector})"
    recently = f"time() - {YOUNG_SECONDS}"
    # Another start than before. Of an instance that nobody has seen, which started since then, that
    # is long ago: of one that started earlier there is none.
    since = f"(clamp_max({seen}, {recently}) or vector({recently}))"
    unseen = f"({started} > on () group_left () {since}) * 0 - {_LONG_AGO_SECONDS}"
    return f"abs({started} - ({before} or {unseen})) > {SAME_START_SECONDS}"


def _book(slo: Slo, kind: str, condition: str) -> Iterator[Rule]:
    """Yield a ledger, for a difference after the sum that may fall."""
    terms = slo.terms(kind)
    name = ledger_name(kind)
    added = [each for each in terms if each.is_added]
    taken = [each for each in terms if not each.is_added]
    balance = _balance(kind) if taken else name
    booked = (
        f"({previous(slo, balance)} or vector(0)) + {_sum(slo, added)}"
        + (f" - {_sum(slo, taken)}" if taken else "")
        + f" and on () {condition}"
    )
    yield rule(slo, balance, booked)
    if taken:
        # A counter that is scraped before the one it is taken from makes it fall for a moment.
        before = f"scalar({previous(slo, name)} or vector(0))"
        yield rule(slo, name, f"clamp_min(max({balance}{slo.selector}), {before})")


def gained(slo: Slo, kind: str) -> str:
    """Return what a ledger has gained at this evaluation."""
    if not _is_difference(slo, kind):
        return _sum(slo, slo.terms(kind))
    name = ledger_name(kind)
    return f"(max({name}{slo.selector}) - ({previous(slo, name)} or vector(0)))"


def _resumption_of_bad(slo: Slo) -> str:
    resumed = f"last_over_time({_resumed('total')}{slo.selector}{_NOW})"
    return f"{ledger_name('bad')}{slo.selector} * on () group_left () ({resumed} > bool 0)"


def _resumption(slo: Slo) -> str:
    name = ledger_name("total")
    # At its beginning it was 0, and what it booked then belongs to the first windows.
    return (
        f"({name}{slo.selector} unless on () {name}{slo.lookup} offset 1ms)"
        f" * on () group_left () (max({HISTORY_SECONDS}{slo.selector}) > bool 0)"
    )


def _sum(slo: Slo, terms: Sequence[Term]) -> str:
    pattern = "|".join(each.name for each in terms)
    gained = _GAINED + slo.narrowed(f'term=~"{quote(pattern)}"')
    return f"(sum(last_over_time({gained}{_NOW})) or vector(0))"


def _history_start(slo: Slo) -> str:
    return (
        f"({previous(slo, _HISTORY_START)} or vector(time()))"
        f" and on () {ledger_name('total')}{slo.selector}"
    )


def _since(slo: Slo, kind: str, window: Window) -> str:
    history = f"max({HISTORY_SECONDS}{slo.selector})"
    began = _began(slo, kind, window.name, window.seconds, history)
    return f"max({ledger_name(kind)}{slo.selector}) - ({began})"


def _began(slo: Slo, kind: str, window: str, seconds: int, history: str) -> str:
    # Where the window starts in a gap, it starts at its end; a younger ledger began at 0.
    lookup = slo.lookup
    began = (
        f"max({ledger_name(kind)}{lookup} offset {window})"
        f" or min(min_over_time({_resumed(kind)}{lookup}[{window}]))"
    )
    # Before a gap of more than a day was another ledger.
    return f"0 * ({history} <= {seconds}) or {began}" if seconds > DAY else began


def _at_reset(slo: Slo, reset: BudgetReset, kind: str) -> str:
    at, ledger = _timestamp(reset), f"{ledger_name(kind)}{slo.lookup}"
    # As windows do, a budget that begins in a gap begins at its end: the least that the ledger,
    # which only grows, had in the day since. The range holds that moment on Prometheus 2 and 3.
    began = (
        f"(min(min_over_time({ledger}[{DAY}001ms] @ {at + DAY}))"
        f" or max(last_over_time({ledger}[1d] @ {at})))"
    )
    now = f"(vector(time()) >= {at} < {at + slo.period_days * DAY})"
    # A ledger that is younger began at 0, whatever another one had counted then.
    return f"{began} and on () {now} and on () ({_newest(slo, _HISTORY_START)} <= {at})"


def _timestamp(reset: BudgetReset) -> int:
    return int(reset.at.timestamp())


def _is_difference(slo: Slo, kind: str) -> bool:
    return not all(each.is_added for each in slo.terms(kind))


def _balance(kind: str) -> str:
    return f"slo:{kind}_events:balance"


def _resumed(kind: str) -> str:
    return f"slo:{kind}_events:resumed"

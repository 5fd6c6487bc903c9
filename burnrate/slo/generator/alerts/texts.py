"""What the alerts of an SLO say: what was spent, since when, how fast, and what to do."""

from typing import Final

from burnrate.slo.generator.alerts.recovery import last_failure, silence
from burnrate.slo.generator.windows import events_name, ratio_name
from burnrate.slo.specification import Slo, number
from burnrate.slo.windows import DAY, M5, Tier, Window

# Enough to tell when something began within a window: a hundredth of its length.
_STEPS: Final = 120
_NUMBER: Final = '{{ . | first | value | printf "%.4g" }}'
_COUNT: Final = '{{ . | first | value | printf "%.0f" }}'
_SPAN: Final = "{{ . | first | value | humanizeDuration }}"
_TIME: Final = "{{ . | first | value | humanizeTimestamp }}"

# A budget that is touched is never all there, however it is rounded.
_MOST_LEFT: Final = "99.99"

_ACTIONS: Final = {
    "page": (
        "What to do: users feel it now. Undo what was released or configured at that time, else"
        " follow the runbook."
    ),
    "ticket": (
        "What to do: it can wait for working hours. Find out what changed at that time (runbook)."
    ),
}
# A cause wakes nobody.
_CAUSE: Final = (
    "What to do: nothing at once, as users may not feel it. While an objective that they do feel"
    " burns, this is its probable cause."
)


def burn_summary(slo: Slo) -> str:
    """Return one line about a burn, true whether or not any budget is left."""
    return f"{slo.service} burns the error budget of {slo.name} too fast."


def burn_description(slo: Slo, tier: Tier) -> str:
    """Return what a tier's alert says."""
    long = tier.long
    bad, total = (
        f"{events_name(k, long)}{slo.selector} * {long.seconds}" for k in ("bad", "total")
    )
    ratio = f"{ratio_name(long)}{slo.selector}"
    return (
        f"{value(bad, _COUNT)} of {value(total, _COUNT)} events of the last {long.name} were bad,"
        f" {value(f'100 * {ratio}', _NUMBER)} %; the objective of {number(slo.objective * 100)} %"
        f" allows {number(slo.budget * 100)} %.{_young(slo, long)}"
        f" Since: {value(_first_failure(slo, long), _TIME)}."
        f" The budget burns at {value(f'{ratio} / {number(slo.budget)}', _NUMBER)}x the rate that"
        f" is sustainable over {slo.period_days} days. {budget_left(slo, long)}"
        f"{_silence(slo, tier)} {action(slo, tier)}"
    )


def budget_left(slo: Slo, window: Window) -> str:
    """Return what is left of the budget and how long it lasts; of a spent one, how often.

    Args:
        slo: The SLO.
        window: Whose error ratio goes on.
    """
    left = remaining(slo)
    ratio = f"{ratio_name(window)}{slo.selector}"
    seconds = number(slo.period_days * DAY * slo.budget)
    shown = f"clamp_max(100 * {left}, {_MOST_LEFT})"
    lasts = f"({left} > 0) * {seconds} / ({ratio} > 0)"
    some = (
        f"Budget left: {value(shown, _NUMBER)} %. Time to exhaustion at this rate:"
        f" {value(lasts, _SPAN, 'it lasts')}."
    )
    spent = (
        f"The budget of {slo.period_days} days is spent: {value(f'1 - {left}', _NUMBER)} times what"
        " it allows has failed."
    )
    unknown = "Budget left: unknown."
    return value(f"{left} > 0", some, value(f"{left} <= 0", spent, unknown))


def action(slo: Slo, tier: Tier) -> str:
    """Return what to do about a tier's alert."""
    return _CAUSE if slo.is_cause else _ACTIONS[tier.severity]


def remaining(slo: Slo) -> str:
    """Return the query of the part of the budget that is left, below 0 where it is overspent."""
    return f"slo:period_error_budget_remaining:ratio{slo.selector}"


def value(query: str, shown: str, otherwise: str = "unknown") -> str:
    """Return a template that shows a query's value, or something else where it has none.

    Args:
        query: PromQL.
        shown: A template in which `.` is the query's result.
        otherwise: A template.
    """
    escaped = query.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{{{ with query "{escaped}" }}}}{shown}{{{{ else }}}}{otherwise}{{{{ end }}}}'


def since(condition: str, seconds: int) -> str:
    """Return the query of the first moment within the last seconds at which a condition held."""
    step = max(15, seconds // _STEPS)
    return f"min_over_time(timestamp({condition})[{seconds}s:{step}s])"


def until(condition: str, seconds: int) -> str:
    """Return the query of the last moment within the last seconds at which a condition held."""
    step = max(15, seconds // _STEPS)
    return f"max_over_time(timestamp({condition})[{seconds}s:{step}s])"


def _young(slo: Slo, window: Window) -> str:
    """Say of a ledger that is younger than a window that the window's total is no count yet."""
    if not slo.has_ledger:
        return ""
    history = f"slo:history:seconds{slo.selector} < {window.seconds}"
    return value(history, f" Only {_SPAN} of history: the total is an estimate.", "")


def _silence(slo: Slo, tier: Tier) -> str:
    if not slo.has_ledger:
        return ""
    seconds = tier.long.seconds
    last = value(last_failure(slo, seconds, max(15, seconds // _STEPS)), _TIME)
    return value(silence(slo, tier), f" No traffic since {last}: nothing says that it is over.", "")


def _first_failure(slo: Slo, window: Window) -> str:
    return since(f"{events_name('bad', M5)}{slo.selector} > 0", window.seconds)

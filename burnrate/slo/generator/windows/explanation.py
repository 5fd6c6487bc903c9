"""How the events of an SLO are counted, in words."""

from burnrate.slo.generator.windows.increase import is_gained
from burnrate.slo.specification import Slo, Term


def way_of_counting(slo: Slo) -> str:
    """Return one sentence: by a ledger, or by `increase` and why."""
    if slo.has_ledger:
        return "Its events are counted in a ledger."
    if not slo.engine.reads_back:
        return (
            f"Its events are counted with `increase`: rules of {slo.engine.title} may not"
            " see at once what they recorded."
        )
    if slo.counted == "time":
        return "Its error ratio is averaged over the windows, without a ledger."
    field = "error_query" if slo.terms("total") else "total_query"
    queries = (slo.total_query("5m"), slo.error_query("5m"))
    is_increase = slo.counted == "amount" or all(map(is_gained, queries))
    function = "increase" if is_increase else "rate"
    return (
        f"Its events are counted with `{function}`, without a ledger: its {field} is no sum or"
        " difference of counters."
    )


def how_counted(slo: Slo) -> list[str]:
    """Return paragraphs about an SLO's counting and its limits, as `slo explain` prints them."""
    if not slo.has_ledger:
        return [
            way_of_counting(slo),
            "While Prometheus was away nothing is counted, and what a series is born with is lost.",
        ]
    counters = ", ".join(dict.fromkeys(each.selector.text for each in _terms(slo)))
    job = f" (job {slo.job})" if slo.job else ""
    first = (
        f"A new instance counts from 0 only if it exposes process_start_time_seconds{job}"
        " and started since the ledger's last evaluation or just now. Without"
        " that metric, what it has counted when it is first seen is where it begins, and brings no"
        " events; and a counter that is lower than before is taken for one that began anew."
    )
    return [
        way_of_counting(slo),
        f"It adds what each instance gains of {counters}, for up to a day in which nobody looks.",
        first,
        *(f"Before, its service was called {name}; the ledger goes on." for name in slo.formerly),
    ]


def _terms(slo: Slo) -> tuple[Term, ...]:
    return (*slo.terms("total"), *slo.terms("bad"))

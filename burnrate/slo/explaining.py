"""What an SLO finds and costs, for people: `burnrate slo explain`."""

from collections.abc import Iterator, Sequence

from burnrate.slo.detection import detections
from burnrate.slo.generator import Group, detection_lines, how_counted, kept_groups
from burnrate.slo.specification import Service, Slo, number

_INSTANCE = "slo:instance_"


def explanation(services: Sequence[Service]) -> str:
    """Return pages about services in Markdown, an SLO a section."""
    lines: list[str] = []
    for service in services:
        team = service.alert_labels.get("team")
        lines += [f"# {service.title}{f' (team {team})' if team else ''}", ""]
        general = [each for each in service.notes if not _is_about(each, service.slos)]
        lines += [f"- {note}" for note in general]
        lines += [""] if general else []
        for slo in service.slos:
            lines += [*_section(service, slo), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(service: Service, slo: Slo) -> Iterator[str]:
    yield f"## {slo.name}: {number(100 * slo.objective)} % in {slo.period_days} days"
    yield ""
    if slo.spec.description:
        yield from (slo.spec.description, "")
    yield from detection_lines(slo, detections(slo))
    yield from _paragraphs([_budget(slo), *how_counted(slo), *_missing(slo), _cost(slo)])
    begin = f"{slo.name}: "
    yield from (f"- {note.removeprefix(begin)}" for note in service.notes if _is_about(note, [slo]))


def _paragraphs(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from (text, "")


def _budget(slo: Slo) -> str:
    share = number(100 * slo.budget)
    if slo.counted == "time":
        return (
            f"Its budget is one of averages: {share} % of the time may be bad, and each second"
            " counts by its error ratio, however many events it had."
        )
    return f"Its budget is one of events: {share} % of them may be bad, whenever they come."


def _missing(slo: Slo) -> Iterator[str]:
    if "ticket" in slo.disabled:
        yield "Nobody is told when its series are missing: it has no tickets."


def _cost(slo: Slo) -> str:
    groups = kept_groups(slo)
    rules = [rule for group in groups for rule in group["rules"]]
    records = [rule["record"] for rule in rules if "record" in rule]
    by_instance = [name for name in records if name.startswith(_INSTANCE)]
    more = f", and {_series_an_instance(slo)} for each instance" if by_instance else ""
    seconds = sorted({_interval(group) for group in groups})
    return (
        f"It costs {len(rules)} rules in {len(groups)} groups, evaluated every"
        f" {' and '.join(f'{each} s' for each in seconds)};"
        f" they record {len(records) - len(by_instance)} series{more}."
    )


def _series_an_instance(slo: Slo) -> int:
    terms = {term.name for kind in ("total", "bad") for term in slo.terms(kind)}
    # Of each term what was counted, gained and last counted; of its process when it started.
    return 3 * len(terms) + 2


def _interval(group: Group) -> int:
    return int(str(group["interval"]).removesuffix("s"))


def _is_about(note: str, slos: Sequence[Slo]) -> bool:
    return any(note.startswith(f"{slo.name}: ") for slo in slos)

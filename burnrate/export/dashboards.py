"""The dashboards about services; those about parts of the shipped stack stay behind."""

import json
from collections.abc import Sequence
from typing import Final

from burnrate.configuration import Configuration, load_configuration
from burnrate.export import shipped
from burnrate.export.identity import identified

NAMES: Final = ("services", "overview", "service", "saturation", "logs", "traces")


def dashboards(identity: Sequence[str]) -> dict[str, str]:
    """Return each dashboard's text by its file's name.

    Their data sources are variables, so that they show what any Grafana has.
    """
    made = {}
    for name in NAMES:
        found = json.loads(shipped.text(f"grafana/dashboards/{name}.json"))
        text = json.dumps(identified(found, identity), indent=2, sort_keys=True, ensure_ascii=False)
        made[f"{name}.json"] = text + "\n"
    return made


def uids() -> set[str]:
    """Return the uids of these dashboards, to which links of alerts lead."""
    found = (json.loads(shipped.text(f"grafana/dashboards/{name}.json")) for name in NAMES)
    return {each["uid"] for each in found}


def notes(configuration: Configuration) -> list[str]:
    """Return what the dashboards do not show as the rules have it."""
    shipped_with = load_configuration()
    differing = [
        name
        for name in ("tiers", "period_days", "low_budget")
        if getattr(configuration, name) != getattr(shipped_with, name)
    ]
    if not differing:
        return []
    names = ", ".join(differing)
    how = "build them in a checkout (python -m grafana.build)"
    return [f"dashboards: show {names} as shipped, and not as burnrate.yml has it: {how}"]

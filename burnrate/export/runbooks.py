"""The runbooks of the alerts that are exported."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from burnrate.export import shipped

_LINK: Final = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<name>\w+)\.md(#[^)]*)?\)")
_ELSEWHERE: Final = re.compile(r"\[(?P<text>[^\]]*)\]\((?:\.\./)+[^)]*\)")
_JOB: Final = 'job="api"'
_ALERTMANAGER: Final = 'job="alertmanager"'


def runbooks(alerts: Collection[str], jobs: Sequence[str], alertmanager_job: str) -> dict[str, str]:
    """Return the text of each alert's runbook by its file's name, where one is shipped.

    Queries ask for the exported jobs, and links lead to what is exported.

    Args:
        alerts: The alerts' names.
        jobs: The services' scrape jobs.
        alertmanager_job: Alertmanager's.
    """
    found = shipped.files("alerting/runbooks", "*.md")
    kept = {name: text for name, text in found.items() if name.removesuffix(".md") in alerts}

    def link(match: re.Match[str]) -> str:
        return match[0] if f"{match['name']}.md" in kept else match["text"]

    made = {name: _ELSEWHERE.sub(r"\g<text>", _LINK.sub(link, text)) for name, text in kept.items()}
    asked = {_JOB: _matcher(jobs), _ALERTMANAGER: f'job="{alertmanager_job}"'}
    return {name: _replaced(text, asked) for name, text in made.items()}


def _replaced(text: str, asked: Mapping[str, str]) -> str:
    for old, new in asked.items():
        text = text.replace(old, new)
    return text


def _matcher(jobs: Sequence[str]) -> str:
    named = sorted({job for job in jobs if job})
    if not named:
        return _JOB
    if len(named) == 1:
        return f'job="{named[0]}"'
    return f'job=~"{"|".join(named)}"'

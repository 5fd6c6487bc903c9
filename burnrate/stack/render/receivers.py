"""Who is told of alerts besides the inbox: routes and receivers made from settings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from burnrate.configuration import TeamSettings
from burnrate.stack.compose import NOBODY, chosen_receivers, receiver_name
from burnrate.stack.errors import StackError
from burnrate.stack.render.receiver_kinds import KINDS, Group, Whose

_Config = dict[str, Any]
# As the routes to the inbox in alerting/alertmanager.yml.
_TICKET_TIMES: Final = {"group_wait": "30s", "group_interval": "5m"}
_ON: Final[_Config] = {"continue": True}


def with_receivers(
    text: str,
    settings: Mapping[str, str],
    inbox_url: str,
    teams: Mapping[str, TeamSettings] | None = None,
) -> str:
    """Return Alertmanager's file with a receiver for each that is named.

    Pages go to all that `NOTIFY` names, tickets to all but PagerDuty; of an alert of a team with
    receivers of its own these are told, in the same way, and the others are not. All go to the
    inbox as well. Without any receiver the file is returned unchanged.

    Args:
        text: The file.
        settings: The user's.
        inbox_url: Where people find the inbox, without a last slash.
        teams: Those with receivers of their own.

    Raises:
        StackError: a setting is missing or wrong; the message names it.
    """
    teams = teams or {}
    names = [name for name in chosen_receivers(settings.get("NOTIFY", "")) if name != NOBODY]
    if unknown := [name for name in names if name not in KINDS]:
        raise StackError(f"NOTIFY: {unknown[0]!r} is none of {', '.join((*KINDS, NOBODY))}")
    if not names and not teams:
        return text
    document = yaml.safe_load(text)
    group_by = tuple(name for name in document["route"]["group_by"] if name != "severity")
    routes: list[_Config] = []
    for whose, kinds in _everybody(settings, names, teams):
        for kind in kinds:
            for severity in KINDS[kind].severities:
                receiver = receiver_name(kind, severity, whose.team)
                group = Group(severity, group_by, f"{inbox_url}/")
                document["receivers"].append({"name": receiver, **KINDS[kind].make(whose, group)})
                routes.append(_route(receiver, group, whose.team, tuple(teams)))
    # Behind the watchdog's route, before those to the inbox.
    document["route"]["routes"][1:1] = routes
    made: str = yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
    return made


def _everybody(
    settings: Mapping[str, str], names: Sequence[str], teams: Mapping[str, TeamSettings]
) -> Iterator[tuple[Whose, Sequence[str]]]:
    """Yield whose receivers there are, and of which kinds."""
    for team, chosen in teams.items():
        yield Whose(settings, team, chosen.model_dump(exclude={"notify"})), chosen.notify
    yield Whose(settings), names


def _route(receiver: str, group: Group, team: str, teams: Sequence[str]) -> _Config:
    times = _TICKET_TIMES if group.severity == "ticket" else {}
    matchers = [f'severity = "{group.severity}"']
    if team:
        matchers.append(f'team = "{team}"')
    elif teams:
        # Also what has no team, and a team's that has no receivers of its own.
        matchers.append(f'team !~ "{"|".join(teams)}"')
    return {"matchers": matchers, "receiver": receiver, "group_by": [*group.labels]} | times | _ON

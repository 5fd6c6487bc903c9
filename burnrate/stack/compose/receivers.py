"""Which receivers of alerts are named, for all or for a team, and the secrets that they need."""

from collections.abc import Mapping
from typing import Final

# Said on purpose, so that nothing reminds of it.
NOBODY: Final = "nobody"
_OF_TEAM: Final = "@"
# In the names of a team's receivers in Alertmanager, and of nobody else's; the inbox knows it too.
_TEAM_END: Final = "/"
# What is sent by, and whether a team has one of its own.
_SECRETS: Final[Mapping[str, tuple[str, bool]]] = {
    "slack": ("notify_slack_url", True),
    "pagerduty": ("notify_pagerduty_key", True),
    "login": ("notify_smtp_password", False),
}


def chosen_receivers(text: str) -> list[str]:
    """Return the names in `NOTIFY`, separated by commas or spaces, each once."""
    return list(dict.fromkeys(text.replace(",", " ").split()))


def of_team(kind: str, team: str) -> str:
    """Return what names a team's receiver of a kind where several are listed."""
    return f"{kind}{_OF_TEAM}{team}"


def receiver_name(kind: str, severity: str, team: str = "") -> str:
    """Return a receiver's name in Alertmanager."""
    return f"{team}{_TEAM_END if team else ''}{kind}-{severity}s"


def team_of_receiver(name: str) -> str:
    """Return whose receiver one is, by its name in Alertmanager; empty for everybody's."""
    team, end, _ = name.partition(_TEAM_END)
    return team if end else ""


def receiver_secret(kind: str, team: str = "") -> str:
    """Return the name of the secret of a kind that has one."""
    name, has_own = _SECRETS[kind]
    return f"{name}_{team}" if team and has_own else name


def receiver_secrets(text: str) -> list[str]:
    """Return the secrets of what is named; `login` stands for that of a mail server.

    Args:
        text: Kinds, with commas or spaces between, a team's as `of_team` names them.
    """
    named = [name.partition(_OF_TEAM) for name in chosen_receivers(text)]
    return [receiver_secret(kind, team) for kind, _, team in named if kind in _SECRETS]

"""Which receivers of alerts `NOTIFY` names, and the secrets that they need."""

from collections.abc import Mapping
from typing import Final

# Said on purpose, so that nothing reminds of it.
NOBODY: Final = "nobody"
_SECRETS: Final[Mapping[str, str]] = {
    "slack": "notify_slack_url",
    "pagerduty": "notify_pagerduty_key",
    "login": "notify_smtp_password",
}


def chosen_receivers(text: str) -> list[str]:
    """Return the names in `NOTIFY`, separated by commas or spaces, each once."""
    return list(dict.fromkeys(text.replace(",", " ").split()))


def receiver_secrets(text: str) -> list[str]:
    """Return the secrets of what is named; `login` stands for that of a mail server."""
    return [_SECRETS[name] for name in chosen_receivers(text) if name in _SECRETS]

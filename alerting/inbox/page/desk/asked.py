"""Whom the queries of a runbook ask about: `$service`, `$job` and `$front_door` filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_PLACE: Final = re.compile(r"\$(service|job|front_door)\b")
_MATCHER: Final = re.compile(r"\b(?:service|job)=~?\"[^\"]*\$(?:service|job|front_door)\b[^\"]*\"")
# Lists of labels that name a service, which all its labels have to be in.
_LIST: Final = re.compile(r"\b(on|by)(\s*)\(([^()]*\bservice\b[^()]*)\)")
# What neither leaves a string of a query nor means anything in a pattern but itself.
_SAFE: Final = re.compile(r"[A-Za-z0-9_.:/ -]{1,200}")


@dataclass(frozen=True, slots=True)
class About:
    """A service, and how it is counted.

    Attributes:
        identity: The labels that name it, `service` among them; none for no service.
        job: Its scrape job; empty for its name, which is the usual one.
        front_door: The scrape job of what counts in front of it; empty where nothing does.
    """

    identity: Mapping[str, str] = field(default_factory=dict)
    job: str = ""
    front_door: str = ""

    @property
    def is_known(self) -> bool:
        """Whether queries can be filled in."""
        values = [*self.identity.values(), *filter(None, (self.job, self.front_door))]
        return bool(self.identity.get("service")) and all(map(_SAFE.fullmatch, values))

    @property
    def title(self) -> str:
        """The service as people read it."""
        return " ".join(self.identity.values())

    def filled_in(self, text: str, *, is_promql: bool) -> str | None:
        """Return a query or another piece of code about this service.

        Args:
            text: With placeholders.
            is_promql: Whether it has matchers and lists of labels that all of the identity goes in.

        Returns:
            It; as it is where no service is known; None for one about a front door that is none.
        """
        if not self.is_known:
            return text
        if not self.front_door:
            text = text.replace("$front_door|", "")
            if "$front_door" in text:
                return None
        others = {name: value for name, value in self.identity.items() if name != "service"}
        if others and is_promql:
            more = "".join(f', {name}="{value}"' for name, value in others.items())
            text = _MATCHER.sub(lambda found: f"{found[0]}{more}", text)
            names = ", ".join(others)
            text = _LIST.sub(lambda found: f"{found[1]}{found[2]}({names}, {found[3]})", text)
        service = self.identity["service"]
        values = {"service": service, "job": self.job or service, "front_door": self.front_door}
        return _PLACE.sub(lambda found: values[found[1]], text)

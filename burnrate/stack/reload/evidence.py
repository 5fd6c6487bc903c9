"""Whether a part has really loaded what it was told to: asked of the part itself."""

import re
from dataclasses import dataclass
from typing import Protocol, cast

from burnrate.stack.errors import StackError
from burnrate.stack.reload.host import Host


class Refused(Exception):
    """The part says that it has not loaded its files; maybe with the line that says so."""


class Evidence(Protocol):
    """What is looked at before a part is told to load, and afterwards until that differs."""

    def before(self, host: Host, part: str) -> object:
        """Return how it is now."""

    def is_loaded(self, host: Host, part: str, before: object) -> bool:
        """Return whether the part has loaded since; raises Refused if it says that it could not."""


@dataclass(frozen=True)
class Metrics:
    """Two metrics of the part: whether the last load succeeded, and when one last did.

    Attributes:
        prefix: What both names begin with.
    """

    prefix: str

    def before(self, host: Host, part: str) -> object:
        """Return both values."""
        return self._values(host, part)

    def is_loaded(self, host: Host, part: str, before: object) -> bool:
        """Return whether a load has succeeded since."""
        try:
            now = self._values(host, part)
        except StackError:
            # Busy with it: what does not answer in the end is told as such.
            return False
        if now != before and now.get("successful") == 0:
            raise Refused
        return now != before and now.get("successful") == 1

    def _values(self, host: Host, part: str) -> dict[str, float]:
        text = host.get(part, "/metrics")
        names = {"successful": "successful", "at": "success_timestamp_seconds"}
        return {
            key: float(found[1])
            for key, name in names.items()
            if (found := re.search(rf"^{self.prefix}_{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))
        }


@dataclass(frozen=True)
class Workers:
    """A worker that was not there: nginx starts new ones for what it has loaded."""

    def before(self, host: Host, part: str) -> object:
        """Return the workers, and where the log ends."""
        return host.workers(part), host.log_mark(part)

    def is_loaded(self, host: Host, part: str, before: object) -> bool:
        """Return whether there is a new worker; raises Refused for what nginx logs instead."""
        workers, mark = cast("tuple[frozenset[int], str]", before)
        if any(_is_given_up(line) for line in host.log_since(part, mark)):
            raise Refused
        return bool(host.workers(part) - workers)


def _is_given_up(line: str) -> bool:
    # It tries a taken port again, five times in two and a half seconds.
    is_tried_again = "bind() to" in line and "(98:" in line
    return "[emerg]" in line and not is_tried_again


@dataclass(frozen=True)
class LogLine:
    """A line of the part's log that says so."""

    text: str

    def before(self, host: Host, part: str) -> object:
        """Return where the log ends."""
        return host.log_mark(part)

    def is_loaded(self, host: Host, part: str, before: object) -> bool:
        """Return whether the line is there."""
        return any(self.text in line for line in host.log_since(part, str(before)))


@dataclass(frozen=True)
class Successors:
    """Workers none of which was there before: those have served until these did.

    Attributes:
        refusal: What the part logs instead.
    """

    refusal: str

    def before(self, host: Host, part: str) -> object:
        """Return the workers, and where the log ends."""
        return host.workers(part), host.log_mark(part)

    def is_loaded(self, host: Host, part: str, before: object) -> bool:
        """Return whether there are only new workers; raises Refused where it has logged that."""
        workers, mark = cast("tuple[frozenset[int], str]", before)
        for line in host.log_since(part, mark):
            if self.refusal in line:
                raise Refused(line)
        now = host.workers(part)
        return bool(now) and not now & workers

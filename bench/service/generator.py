"""wrk with the mix of requests: what it is told, and what it says."""

import json
import math
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from burnrate.cli import CommandError
from burnrate.load import REALISTIC, Dataset, process_text

SCRIPT: Final = Path(__file__).with_name("mix.lua")
# `burnrate load` makes documents at a rate of their own; here one request of a hundred is one.
MIX: Final[Mapping[str, int]] = {
    maker.__name__: share for maker, share in {**REALISTIC, process_text: 1}.items()
}
_MARK: Final = "figures "
_VARIANTS: Final = 50
# What the last answers have, more than any takes: the script ends wrk when the last one is there,
# and none is too late to have its time recorded.
_DRAIN_SECONDS: Final = 60
_GRACE_SECONDS: Final = 15


class Figures(BaseModel):
    """What one run of wrk saw; its end is after the last answer.

    Attributes:
        sent: Requests.
        answered: Answers, of any status.
        served: Answers that are a success.
        served_in_time: Those that came before the run stopped sending.
        statuses: Answers by status.
        socket_errors: Of connecting, reading and writing.
    """

    model_config = ConfigDict(frozen=True)

    sent: int
    answered: int
    served: int
    served_in_time: int
    statuses: dict[int, int]
    socket_errors: int
    p50_seconds: float
    p99_seconds: float
    longest_seconds: float

    @property
    def failed(self) -> int:
        """Requests without an answer, and answers that are no success."""
        return self.sent - self.served


@dataclass(frozen=True)
class Target:
    """A service with content: users and posts have the ids from 1 on."""

    url: str
    users: int
    posts: int


def write_content(path: Path) -> None:
    """Write the texts that requests are made of, as a Lua table."""
    dataset = Dataset("")
    texts = {
        "words": [dataset.word() for _ in range(_VARIANTS)],
        "titles": [dataset.sentence(4) for _ in range(_VARIANTS)],
        "bodies": [dataset.sentence(60) for _ in range(_VARIANTS)],
        "documents": [f"{dataset.sentence(400)}." for _ in range(_VARIANTS)],
    }
    # Words and spaces only: a JSON string is a Lua string.
    rows = (f"{name} = {{{json.dumps(lines)[1:-1]}}}," for name, lines in texts.items())
    path.write_text("\n".join(("return {", *rows, "}", "")), encoding="ascii")


def run_wrk(
    target: Target,
    content: Path,
    *,
    connections: int,
    seconds: float,
    think_seconds: float = 0.0,
    mix: Mapping[str, int] = MIX,
    expected_status: int = 0,
) -> Figures:
    """Load a service for `seconds`, then wait for the answers that are on their way.

    Args:
        target: The service.
        content: What `write_content` wrote.
        connections: Kept open all the time.
        seconds: How long requests are sent.
        think_seconds: The mean of the pauses before each request of a connection.
        mix: The shares of what is asked for, by the names that the script has for them.
        expected_status: Counts as a success too.

    Raises:
        CommandError: wrk failed.
    """
    lasts = math.ceil(seconds) + _DRAIN_SECONDS
    options = {
        "connections": connections,
        "content": content,
        "expected": expected_status,
        "mix": ",".join(f"{kind}:{share}" for kind, share in mix.items()),
        "run": f"r{secrets.token_hex(4)}",  # not a number, which Lua would make of 12e34567
        "seed": secrets.randbelow(1 << 31),
        "seconds": seconds,
        "think_ms": 1000 * think_seconds,
        "users": target.users,
        "posts": target.posts,
    }
    command = [
        "wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{lasts}s",
        "--timeout", f"{_DRAIN_SECONDS}s", "--script", str(SCRIPT), target.url, "--",
        *(f"{name}={value}" for name, value in options.items()),
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - arguments are a list, the address is our own server's
            command,
            capture_output=True,
            text=True,
            timeout=lasts + _GRACE_SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C is for this process, which then ends wrk
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"wrk did not end {_GRACE_SECONDS} s after its time") from error
    return parse(done.stdout, done.stderr)


def parse(output: str, errors: str = "") -> Figures:
    """Return the figures in wrk's output.

    Raises:
        CommandError: there are none.
    """
    lines = [line for line in output.splitlines() if line.startswith(_MARK)]
    try:
        return Figures.model_validate_json(lines[-1].removeprefix(_MARK))
    except (IndexError, ValidationError) as error:
        tail = [*output.splitlines(), *errors.splitlines()][-8:]
        raise CommandError("wrk failed", log_tail=tail) from error

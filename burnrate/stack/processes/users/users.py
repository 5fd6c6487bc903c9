"""Each part's user: a number of its own, which needs no account."""

import importlib.util
import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import burnrate
from burnrate.stack.addresses import kind_of
from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.users.views import View

VARIABLE: Final = "PROCESS_UIDS"
# Neither people nor packages nor systemd nor containers get numbers from there (docs/decisions).
_FIRST_UID: Final = 70_000
_HIGHEST_UID: Final = 2**31 - 1
NUMBERS: Final[Mapping[str, int]] = {
    "api": 0,
    "inbox": 1,
    "redis": 2,
    "nginx": 3,
    "door": 4,
    "prometheus": 5,
    "alertmanager": 6,
    "grafana": 7,
    "loki": 8,
    "tempo": 9,
    "alloy": 10,
    "postgres-exporter": 11,
    "redis-exporter": 12,
    "nginx-exporter": 13,
    "node-exporter": 14,
}
_TRIAL_SECONDS: Final = 60
_IMPORTS: Final = "import alerting.inbox.main, api.main, gunicorn.app.wsgiapp, uvicorn.main"
_CODE: Final = Path(burnrate.__file__).parents[1]
# That it is this very interpreter: one that cannot read its own library takes the system's.
_TRIAL: Final = (
    "import sys, alerting, api, burnrate, gunicorn; assert sys.base_prefix == sys.argv[1]"
)


@dataclass(frozen=True)
class User:
    """Whom a part runs as.

    Attributes:
        account: Its name in the system, for the one part whose program insists on having one.
        view: What it sees of folders that are root's alone.
    """

    uid: int
    gid: int
    account: str | None = None
    view: View = field(default_factory=View)

    @classmethod
    def of_account(cls, name: str) -> "User":
        """Return the user of an account; raises StackError where there is none."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError as error:
            raise StackError(
                f"as root PostgreSQL runs as the user {name}, who does not exist here"
            ) from error
        return cls(entry.pw_uid, entry.pw_gid, name)

    def command(self, directory: Path) -> tuple[str, ...]:
        """Return what root puts before a command, to have it run in `directory` as this user.

        Never as more than that, and with its view.
        """
        ids = (f"--reuid={self.uid}", f"--regid={self.gid}")
        as_user = ("setpriv", *ids, "--clear-groups", "--inh-caps=-all", "--no-new-privs", "--")
        return (*self.view.command(directory), *as_user)


@dataclass(frozen=True)
class Users:
    """The parts' users.

    Attributes:
        by_part: None of a part that runs as whoever starts the stack.
        problem: Why parts in Python do not have one, for people.
    """

    by_part: Mapping[str, User | None]
    problem: str | None = None


def find_users(
    layout: Layout, settings: Mapping[str, str], parts: Iterable[str], python: Iterable[str]
) -> Users:
    """Return whom root has `parts` run as.

    Args:
        layout: Where the stack is.
        settings: The user's; PROCESS_UIDS is the first of the numbers.
        parts: Their names.
        python: Those that run this virtual environment's programs.

    Raises:
        StackError: PROCESS_UIDS is no number, or an account has one of the numbers.
    """
    first = _first_uid(settings.get(VARIABLE) or str(_FIRST_UID))
    numbers = {part: first + NUMBERS[kind_of(part)] for part in parts}
    _refuse_accounts(numbers.values())
    roots = (layout.checkout, _CODE, sys.prefix, sys.base_prefix)
    view = View.of([Path(root) for root in roots], layout.run / "view")
    nothing = View(scratch=view.scratch)
    users: dict[str, User | None] = {
        part: User(uid, uid, view=nothing) for part, uid in numbers.items()
    }
    own = {part: User(numbers[part], numbers[part], view=view) for part in python}
    if own:
        _compile()
        if problem := _problem(next(iter(own.values())), layout.checkout):
            return Users(users | dict.fromkeys(own), problem)
    return Users(users | own)


def _first_uid(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or not 0 < int(text) <= _HIGHEST_UID - len(NUMBERS):
        raise StackError(
            f"{VARIABLE} is {text!r}: it must be a user's number, such as {_FIRST_UID}"
        )
    return int(text)


def _refuse_accounts(uids: Iterable[int]) -> None:
    for uid in uids:
        with suppress(KeyError):
            name = pwd.getpwuid(uid).pw_name
            raise StackError(
                f"the user {name} has the number {uid}, which a part is to run as: "
                f"set {VARIABLE} to the first of {len(NUMBERS)} that nobody has"
            )


def _compile() -> None:
    """Have bytecode written where it is missing: another user than root could not keep it."""
    installed = importlib.util.find_spec("fastapi")
    sources = (_CODE / "api/main.py", Path((installed and installed.origin) or __file__))
    if not all(Path(importlib.util.cache_from_source(str(path))).exists() for path in sources):
        with suppress(StackError):
            _run([_python(), "-c", _IMPORTS], _CODE, {})


def _problem(user: User, checkout: Path) -> str | None:
    """Return why a user cannot run this virtual environment's programs; None if it can."""
    command = [*user.command(checkout), _python(), "-c", _TRIAL, sys.base_prefix]
    user.view.prepare()
    try:
        # It leaves nothing behind that is not the part's.
        _run(command, checkout, {"PYTHONDONTWRITEBYTECODE": "1"})
    except StackError as error:
        return str(error)
    return None


def _python() -> str:
    return str(Path(sys.prefix) / "bin/python")


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command with nothing of the caller's environment; raises StackError where it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_TRIAL_SECONDS,
            cwd=folder,
            env={"PATH": f"{os.defpath}:/usr/sbin:/sbin", **environment},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(str(error)) from error
    if done.returncode != 0:
        raise StackError((done.stderr.strip().splitlines() or ["no reason given"])[-1])

"""An extension of supervisord: it says each five seconds that it still looks after the parts.

Parts live on without a supervisor that was killed, and nothing would tell: none is down. The file
that this writes is read by node-exporter's textfile collector, and a rule looks at its age.

It stands outside the stack's rooms for the reason that `burnrate.process_reaper` gives.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from supervisor import events

# Below the folder of supervisord's configuration.
FOLDER: Final = "supervisor"
_FILE: Final = "supervisor.prom"
_METRIC: Final = "supervisor_heartbeat_timestamp_seconds"
_TEXT: Final = f"""\
# HELP {_METRIC} When supervisord last said that it looks after the stack's parts.
# TYPE {_METRIC} gauge
{_METRIC} %.3f
"""


class _Options(Protocol):
    here: str


class _Supervisord(Protocol):
    @property
    def options(self) -> _Options: ...


class Heartbeat:
    """The interface that supervisord asks for; it has no remote calls."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def beat(self, _event: object) -> None:
        """Write the time, in one step; a full disk must not end supervisord."""
        new = self._file.with_suffix(".new")
        with suppress(OSError):
            new.write_text(_TEXT % time.time(), encoding="ascii")
            new.replace(self._file)


def make_heartbeat(supervisord: _Supervisord, **_settings: str) -> Heartbeat:
    """Begin; supervisord calls this as an RPC interface factory."""
    heartbeat = Heartbeat(Path(supervisord.options.here) / FOLDER)
    heartbeat.beat(None)
    events.subscribe(events.Tick5Event, heartbeat.beat)
    return heartbeat

"""What is waited for, told to people now and then while nothing else is."""

import subprocess
import time
from collections.abc import Callable, Mapping

# Silence that long makes people wonder whether it hangs.
_SILENCE_SECONDS = 5.0
# The same line again, so that a log shows that it goes on.
_REPEAT_SECONDS = 30.0


class Progress:
    """Says what is waited for: after five seconds without news, and again when that changes."""

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._clock = clock
        self._said = ""
        self._said_at = clock()

    def news(self) -> None:
        """Begin the silence anew: something else was said."""
        self._said_at = self._clock()

    def is_due(self) -> bool:
        """Return whether it has been silent for long enough."""
        return self._clock() - self._said_at >= _SILENCE_SECONDS

    def tell(self, line: str) -> None:
        """Say the line, if it is due; the same one only after a longer silence."""
        if not line or not self.is_due():
            return
        if line == self._said and self._clock() - self._said_at < _REPEAT_SECONDS:
            return
        self._say(line)
        self._said = line
        self.news()

    def wait(self, process: subprocess.Popen[bytes], look: Callable[[], str]) -> int:
        """Wait for a process, saying what `look` sees meanwhile; return its exit code."""
        while True:
            try:
                return process.wait(timeout=_SILENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.tell(look())


def waiting_line(parts: Mapping[str, str]) -> str:
    """Return a line that names the parts that are waited for, each with why; empty for none."""
    named = (f"{name} ({why})" if why else name for name, why in parts.items())
    return f"waiting for {', '.join(named)}" if parts else ""

"""A pipe as a reader of the log has it."""

import os


class Pipe:
    """A pipe whose reader reads only when it is told to."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.text = ""

    def read(self) -> str:
        """Read what is there; return all that was read so far."""
        while True:
            try:
                part = os.read(self.reading, 1 << 16)
            except BlockingIOError:
                return self.text
            if not part:
                return self.text
            self.text += part.decode()

    @property
    def lines(self) -> list[str]:
        return self.read().splitlines()

"""One document's analysis, as it is handed from process to process."""

from dataclasses import dataclass
from typing import Final

from api.backends.time_slices import TimeSlices
from api.documents.analysis import Statistics, analyse, analyse_html
from api.documents.charsets import read_text

# A longer document is a book: the analysis is for answers within a second.
MAX_CHARACTERS: Final = 200_000


@dataclass(frozen=True)
class Job:
    """What is to be analysed.

    Attributes:
        path: Of the file with the document's bytes.
        charset: As `charset_of` returns it.
        seconds: How long it may take.
    """

    path: str
    charset: str
    is_html: bool
    seconds: float

    def analyse(self) -> Statistics:
        """Return the statistics of what is in the file; raises OutOfTime."""
        slices = TimeSlices(self.seconds)
        with open(self.path, "rb") as file:  # noqa: PTH123 - pathlib is no small import
            text = read_text(file, self.charset, MAX_CHARACTERS, slices)
        return analyse_html(text, slices) if self.is_html else analyse(text, slices)

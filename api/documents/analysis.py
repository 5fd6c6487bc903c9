"""Word statistics of a text: plain CPU work.

Of a short text it runs in a thread, in time slices with other such threads
(`api.backends.time_slices`). They buy no speed under the GIL; they buy that other requests are
served meanwhile, and that the queue in front of them is bounded. A call into C that holds the GIL
cannot be interrupted at all, so the text goes through the regular expressions in pieces that take
less than a millisecond. A long text has a process of its own (`api.documents.analyst`).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import nsmallest
from html import unescape
from typing import Final

from api.backends.time_slices import TimeSlices

_PIECE_CHARACTERS: Final = 4_096
# Tags in a time slice.
_BATCH: Final = 500
_KEYWORDS: Final = 10
_WORDS_PER_MINUTE: Final = 240

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_SENTENCE_END: Final = re.compile(r"[.!?\u2026\u3002]+(?=\s|$)")
_VOWELS: Final = re.compile(r"[aeiouy\u00e0-\u00ff]+")
_SPACE: Final = re.compile(r"\s")
_TAG_NAME: Final = re.compile(r"(?:!--|script\b|style\b)")
# Python refuses to read a number of thousands of digits; this one stands for no character.
_ENDLESS_NUMBER: Final = re.compile(r"&#[0-9]{500,};?")
# What follows these tags is not text until they are closed.
_SILENT: Final = {"!--": "-->", "script": "/script", "style": "/style"}

# Frequent words of English that say nothing about a text's subject.
_STOP_TEXT: Final = """
a about after all also an and any are as at be because been but by can could did do does for
from had has have he her him his how i if in into is it its just like may more most my no not
now of on one only or other our out over she should so some such than that the their them then
there these they this to up us use was way we were what when which who will with would you your
"""
_STOP_WORDS: Final = frozenset(_STOP_TEXT.split())


@dataclass(frozen=True)
class Statistics:
    """What is found; the schema says what each is.

    Attributes:
        keywords: Each with how often it comes, the most frequent first.
    """

    characters: int
    words: int
    unique_words: int
    sentences: int
    average_word_length: float
    average_sentence_length: float
    reading_ease: float
    reading_grade: float
    reading_seconds: int
    keywords: list[tuple[str, int]]


@dataclass
class _Tally:
    words: Counter[str] = field(default_factory=Counter)
    sentences: int = 0
    letters: int = 0
    syllables: int = 0


def analyse(text: str, slices: TimeSlices) -> Statistics:
    """Return the statistics of a text of any size; raises OutOfTime."""
    tally = _Tally()
    for piece in _pieces(text):
        with slices.slice():
            _count(piece, tally)
    words = tally.words.total()
    # A text without a full stop is one sentence; one without words has none.
    sentences = max(tally.sentences, 1) if words else 0
    per_sentence = words / sentences if sentences else 0.0
    per_word = tally.syllables / words if words else 0.0
    return Statistics(
        characters=len(text),
        words=words,
        unique_words=len(tally.words),
        sentences=sentences,
        average_word_length=round(tally.letters / words, 2) if words else 0.0,
        average_sentence_length=round(per_sentence, 2),
        # https://en.wikipedia.org/wiki/Flesch-Kincaid_readability_tests
        reading_ease=round(206.835 - 1.015 * per_sentence - 84.6 * per_word, 1) if words else 0.0,
        reading_grade=round(0.39 * per_sentence + 11.8 * per_word - 15.59, 1) if words else 0.0,
        reading_seconds=round(words * 60 / _WORDS_PER_MINUTE),
        keywords=_keywords(tally.words, slices),
    )


def analyse_html(markup: str, slices: TimeSlices) -> Statistics:
    """Return the statistics of what a page says, without markup; raises OutOfTime."""
    return analyse(" ".join(slices.make(_texts(markup), _BATCH)), slices)


def _pieces(text: str) -> Iterator[str]:
    """Cut a text at white space into pieces of a bounded size."""
    start = 0
    while start < len(text):
        end = start + _PIECE_CHARACTERS
        if end < len(text):
            space = _SPACE.search(text, end, end + _PIECE_CHARACTERS)
            end = space.end() if space else end + _PIECE_CHARACTERS
        yield text[start:end]
        start = end


def _count(piece: str, tally: _Tally) -> None:
    words = [word.lower() for word in _WORD.findall(piece)]
    tally.words.update(words)
    tally.sentences += len(_SENTENCE_END.findall(piece))
    tally.letters += sum(map(len, words))
    tally.syllables += sum(max(1, len(_VOWELS.findall(word))) for word in words)


def _keywords(words: Counter[str], slices: TimeSlices) -> list[tuple[str, int]]:
    telling = ((w, n) for w, n in words.items() if len(w) > 2 and w not in _STOP_WORDS)  # noqa: PLR2004
    with slices.slice():
        most = nsmallest(_KEYWORDS, telling, key=lambda item: (-item[1], item[0]))
    return [(word[:100], count) for word, count in most]


def _texts(markup: str) -> Iterator[str]:
    """Yield what stands between tags.

    One pass and no parser: html.parser takes minutes for some 200 KB of unclosed tags.
    """
    first, *parts = markup.split("<")
    yield _unescape(first)
    end = ""  # what has to come before there is text again
    for part in parts:
        lowered = part.lower()
        if not end:
            name = _TAG_NAME.match(lowered)
            if name is None:
                yield _unescape(part.partition(">")[2])
                continue
            end = _SILENT[name.group()]
        separator = end if end == "-->" else ">"
        if separator == end or lowered.startswith(end):
            _, found, text = part.partition(separator)
            if found:
                end = ""
                yield _unescape(text)


def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    return unescape(_ENDLESS_NUMBER.sub("\ufffd", text))

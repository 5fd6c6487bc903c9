"""The analysis of texts: right numbers, and bounded time whatever the text."""

from collections.abc import Callable

import pytest

from api.backends.time_slices import OutOfTime, TimeSlices
from api.documents import analysis as analysing
from api.documents.analysis import Statistics
from api.documents.job import MAX_CHARACTERS

PATIENCE_SECONDS = 600


def analyse(text: str) -> Statistics:
    """Analyse with time enough."""
    return analysing.analyse(text, TimeSlices(PATIENCE_SECONDS))


def analyse_html(markup: str) -> Statistics:
    """Analyse with time enough."""
    return analysing.analyse_html(markup, TimeSlices(PATIENCE_SECONDS))


def test_text_is_counted() -> None:
    """Figures checked by hand."""
    analysis = analyse("The budget burns. The budget, the pager; nobody's asleep!")
    assert analysis.words == 9
    assert analysis.unique_words == 6
    assert analysis.sentences == 2
    assert analysis.average_sentence_length == 4.5
    assert analysis.keywords[0] == ("budget", 2)
    assert [word for word, _ in analysis.keywords] == [
        "budget", "asleep", "burns", "nobody's", "pager",
    ]  # fmt: skip


def test_hard_text_reads_harder_than_easy_text() -> None:
    """In ease and in years of school."""
    easy = analyse("The cat sat. The dog ran. We had fun.")
    hard = analyse("Organizational interoperability necessitates comprehensive standardization.")
    assert easy.reading_ease > 90
    assert hard.reading_ease < 0
    assert easy.reading_grade < hard.reading_grade


@pytest.mark.parametrize("text", ["", " ", "...", "123 456", "\u200b", "\x00"])
def test_text_without_words_is_all_zeros(text: str) -> None:
    """Nothing is divided by zero."""
    analysis = analyse(text)
    assert (analysis.words, analysis.sentences, analysis.reading_ease) == (0, 0, 0)


def test_pieces_lose_no_word() -> None:
    """A text of many pieces has the words of its parts."""
    assert analyse("burn rate " * 10_000).words == 20_000


def test_page_is_read_without_its_markup() -> None:
    """Scripts, styles and comments are not what it says."""
    page = """<!doctype html><title>Budgets</title><style>p { color: red }</style>
    <script>if (a < b) { alert("no") }</script><p>One <b>burning</b> thing<!-- secret <i>hidden</i>
    --> remains<!-- gone --> &eacute;lan</p>"""
    analysis = analyse_html(page)
    assert sorted(word for word, _ in analysis.keywords) == [
        "budgets", "burning", "remains", "thing", "\u00e9lan",
    ]  # fmt: skip
    assert analysis.words == 6


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a ",
        "a'",
        "<",
        "<a ",
        "</",
        "<!--",
        "<![CDATA[",
        '<a="',
        "&amp",
        "&#1",
        "&#x1",
        "<script>",
        ".",
        "aeiouy",
    ],
)
def test_no_text_of_the_largest_size_takes_long(unit: str) -> None:
    """A regular expression or a parser that goes back and forth would outlast pytest's patience."""
    text = (unit * MAX_CHARACTERS)[:MAX_CHARACTERS]
    analyse(text)
    analyse_html(text)


@pytest.mark.parametrize("reference", ["&#" + "1" * 5_000, "&#x" + "1" * 5_000, "&#99999999;"])
def test_number_of_no_character_is_no_character(reference: str) -> None:
    """Also one with more digits than Python reads."""
    assert analyse_html(f"one {reference} two").words == 2


@pytest.mark.parametrize("analyser", [analysing.analyse, analysing.analyse_html])
def test_analysis_ends_when_its_time_is_over(
    analyser: Callable[[str, TimeSlices], Statistics],
) -> None:
    """Between two pieces, in whatever step it is."""
    with pytest.raises(OutOfTime):
        analyser("a " * 100_000, TimeSlices(0))

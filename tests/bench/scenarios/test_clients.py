"""What a client calls good and bad, by what it knows itself."""

import pytest

from bench.scenarios.clients import Answer, Outcome, Stream

_USUAL = Stream(1)
_LOST = Stream(1, path="/wp-login.php", is_lost=True)


@pytest.mark.parametrize(
    ("stream", "status", "seconds", "outcome", "felt"),
    [
        (_USUAL, 200, 0.1, "good", "200"),
        (_USUAL, 404, 0.1, "good", "404"),
        (_USUAL, 200, 31.0, "bad", "200 after 31 s"),
        (_USUAL, 502, 0.1, "bad", "502"),
        (_USUAL, 429, 0.1, "neither", "429"),
        (_USUAL, None, 6.0, "bad", "left after 6 s"),
        (_USUAL, None, 1.0, "neither", "left after 1 s"),
        (_LOST, 404, 0.1, "neither", "404"),
        (_LOST, 500, 0.1, "bad", "500"),
    ],
)
def test_an_answer_has_the_outcome_that_the_documentation_says(
    stream: Stream, status: int | None, seconds: float, outcome: Outcome, felt: str
) -> None:
    """The table of docs/slo.md, seen from outside."""
    answer = Answer(stream, status, seconds)
    assert (answer.outcome, answer.felt) == (outcome, felt)

"""Cursors: what we gave out comes back, anything else is refused."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.errors import InvalidInput
from api.web.pagination import MAX_ID, decode_id, decode_rank, encode_id, encode_rank

ids = st.integers(1, MAX_ID)
ranks = st.floats(0, 1_000, width=32)


@given(ids)
def test_id_survives(last_id: int) -> None:
    """For every id that the database can give."""
    assert decode_id(encode_id(last_id)) == last_id


@given(ranks, ids)
def test_rank_survives_exactly(rank: float, last_id: int) -> None:
    """A rank that came back different would skip rows or repeat them."""
    assert decode_rank(encode_rank(rank, last_id)) == (rank, last_id)


@given(st.text(max_size=64))
@example("")
@example("====")
@example("aQAAAAAAAAAA")
@example("\x00")
@example("é")
def test_anything_else_is_invalid_input(text: str) -> None:
    """Whatever the text, the answer is a 422 and never a 500."""
    for decode in (decode_id, decode_rank):
        try:
            decode(text)
        except InvalidInput as refusal:
            assert refusal.location == ("query", "cursor")  # noqa: PT017 - not every text fails


def test_cursor_of_another_order_is_refused() -> None:
    """A search's cursor says nothing about a list."""
    with pytest.raises(InvalidInput):
        decode_id(encode_rank(0.5, 1))
    with pytest.raises(InvalidInput):
        decode_rank(encode_id(1))


@pytest.mark.parametrize("rank", [math.nan, math.inf, -math.inf])
def test_rank_that_is_no_number_is_refused(rank: float) -> None:
    """PostgreSQL would sort NaN above everything."""
    with pytest.raises(InvalidInput):
        decode_rank(encode_rank(rank, 1))

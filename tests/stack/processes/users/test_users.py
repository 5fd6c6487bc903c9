"""Whom parts run as."""

from pathlib import Path

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.layout import Layout
from burnrate.stack.processes.definitions import DEFINITIONS
from burnrate.stack.processes.users import NUMBERS, User, find_users

CHECKOUT = Path(__file__).resolve().parents[4]


def test_every_part_has_a_number_but_the_one_that_needs_an_account() -> None:
    """No two of them the same."""
    assert set(NUMBERS) == {name for name, each in DEFINITIONS.items() if each.account is None}
    assert len(set(NUMBERS.values())) == len(NUMBERS)


def test_numbers_begin_where_the_setting_says(tmp_path: Path) -> None:
    """User and group are the same number."""
    layout = Layout(CHECKOUT, tmp_path)
    by_default = find_users(layout, {}, ["redis", "nginx"], []).by_part["nginx"]
    moved = find_users(layout, {"PROCESS_UIDS": "81000"}, ["redis"], []).by_part["redis"]
    assert by_default is not None
    assert moved is not None
    assert (by_default.uid, by_default.gid) == (70003, 70003)
    assert (moved.uid, moved.gid) == (81002, 81002)


@pytest.mark.parametrize("text", ["0", "-1", "nobody", "2147483647", "7e4", "70000 "])
def test_what_is_no_number_of_a_user_is_refused(tmp_path: Path, text: str) -> None:
    """Root's above all."""
    with pytest.raises(StackError, match="PROCESS_UIDS is"):
        find_users(Layout(CHECKOUT, tmp_path), {"PROCESS_UIDS": text}, ["redis"], [])


def test_a_number_that_somebody_has_is_refused(tmp_path: Path) -> None:
    """It would be somebody else's files."""
    with pytest.raises(StackError, match="the user daemon has the number 1"):
        find_users(Layout(CHECKOUT, tmp_path), {"PROCESS_UIDS": "1"}, ["api"], [])


def test_an_account_that_does_not_exist_is_named() -> None:
    """PostgreSQL's, where its package is not Debian's."""
    with pytest.raises(StackError, match="as the user nobody-like, who does not exist here"):
        User.of_account("nobody-like")

"""Where things are."""

import os
from pathlib import Path

import pytest

from burnrate.stack.errors import StackError
from burnrate.stack.layout import (
    Layout,
    find_checkout,
    make_socket_directory,
    process_layout,
)


@pytest.fixture
def checkout(open_path: Path) -> Path:
    """A checkout that any user can walk to."""
    checkout = open_path / "checkout"
    (checkout / "burnrate").mkdir(parents=True)
    (checkout / "docker-compose.yml").touch()
    return checkout


def test_the_checkout_is_found_from_inside_it(checkout: Path) -> None:
    """Commands work in any folder of the checkout."""
    deep = checkout / "a/b"
    deep.mkdir(parents=True)
    assert find_checkout(deep) == checkout


def test_elsewhere_the_checkout_is_the_one_of_this_package(tmp_path: Path) -> None:
    """A command called by its path works from anywhere."""
    found = find_checkout(tmp_path)
    assert Path(__file__).is_relative_to(found)


def test_state_is_in_the_checkout(checkout: Path) -> None:
    """What the stack makes is next to what it is made from."""
    assert process_layout(checkout, {}, uid=1000).state == checkout / ".burnrate"
    assert process_layout(checkout, {}, uid=0).state == checkout / ".burnrate"


def test_state_can_be_put_elsewhere(checkout: Path) -> None:
    """BURNRATE_STATE_DIR, absolute or from the checkout."""
    settings = {"BURNRATE_STATE_DIR": "../other"}
    assert process_layout(checkout, settings, uid=1000).state == checkout.parent / "other"


def test_as_root_in_a_private_directory_state_goes_where_postgres_can_reach_it(
    checkout: Path,
) -> None:
    """Each checkout gets its own place there; other users keep theirs."""
    private = checkout / "home"
    private.mkdir(mode=0o700)
    states = {process_layout(private / name, {}, uid=0).state for name in ("a", "b")}
    assert len(states) == 2
    assert {state.parent for state in states} == {Path("/var/lib/burnrate")}
    assert process_layout(private / "a", {}, uid=1000).state == private / "a/.burnrate"


def test_as_root_a_private_state_directory_is_refused(checkout: Path) -> None:
    """The reason comes before PostgreSQL's own, which names neither."""
    (checkout / "home").mkdir(mode=0o700)
    with pytest.raises(StackError, match="postgres, who cannot reach it"):
        process_layout(checkout, {"BURNRATE_STATE_DIR": "home/state"}, uid=0)


def test_a_named_volume_is_a_folder_of_the_data(checkout: Path) -> None:
    """Wherever the state is."""
    layout = Layout(checkout, Path("/var/lib/burnrate/x"))
    assert layout.data_folder("redis-data") == Path("/var/lib/burnrate/x/data/redis")


def test_the_control_socket_has_a_path_that_a_socket_can_have(open_path: Path) -> None:
    """In the state where that is short enough, else in a short place; always the same one."""
    near = Layout(open_path, open_path / ".burnrate")
    far = Layout(open_path, open_path / ("d" * 100))
    assert near.socket().parent == near.run
    assert far.socket() == Layout(open_path, far.state).socket()
    assert len(os.fsencode(far.socket())) < 98


def test_a_socket_directory_that_somebody_else_made_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shared place a name can be taken on purpose."""
    taken = tmp_path / "taken"
    taken.symlink_to(tmp_path)
    monkeypatch.setattr(Layout, "socket", lambda _self: taken / "sock")
    with pytest.raises(StackError, match="belongs to somebody else"):
        make_socket_directory(Layout(tmp_path, tmp_path / ".burnrate"))

"""docs/door.md: people are let in and kept out as it says, at a running stack."""

import httpx2
import pytest

from tests.docs.pages import run_as_written, under
from tests.servers.checkout import ROOT, Checkout, door_login
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

_PAGE = ROOT / "docs/door.md"


def test_programs_come_in_with_name_and_token(checkout: Checkout) -> None:
    """To the inbox and to Prometheus."""
    alerts, samples = under(_PAGE, "Come in")
    assert '"alerts"' in run_as_written([alerts], checkout)
    assert '"status":"success"' in run_as_written([samples], checkout)


def test_a_person_is_let_in_and_kept_out(checkout: Checkout) -> None:
    """By the running door, which reads its files again; the others stay."""
    add, everybody, remove = under(_PAGE, "Who may come in")
    (link,) = run_as_written([add], checkout).split()[-1:]
    assert f"ada {link}" in run_as_written([everybody], checkout).splitlines()
    address = checkout.url("door", link[link.index("/-/") :])
    # A worker of before takes requests for a moment longer.
    wait_until(lambda: httpx2.get(address).status_code == 303, "the link lets her in")
    cookie = {"Cookie": f"burnrate_door={link.partition('token=')[2]}"}
    page = checkout.url("door", "/alerts")
    wait_until(lambda: httpx2.get(page, headers=cookie).status_code == 200, "so does her cookie")

    run_as_written([remove], checkout)

    wait_until(lambda: httpx2.get(address).status_code == 403, "the link has ended")
    wait_until(lambda: httpx2.get(page, headers=cookie).status_code == 401, "so has the cookie")
    assert httpx2.get(page, auth=door_login(checkout)).status_code == 200


def test_the_first_name_cannot_be_lost(checkout: Checkout) -> None:
    """Nobody locks everybody out, and names are names."""
    for words, line in (
        (("remove", "operator"), "operator is the last one: add another name first"),
        (("remove", "eve"), "'eve' is none of those who may come in: operator"),
        (("add", "operator"), "operator may come in already: burnrate door link operator"),
        (("add", "burnrate"), "'burnrate' cannot be a name"),
        (("add", "a;b"), "'a;b' cannot be a name"),
        (("login", "eve"), "'eve' is none of those who may come in: operator"),
    ):
        done = checkout.run_command("door", *words)
        assert (done.returncode, done.stderr.startswith(f"burnrate: {line}")) == (1, True), words

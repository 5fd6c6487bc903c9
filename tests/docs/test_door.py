"""docs/door.md: people are let in and kept out as it says, at a running stack."""

import httpx2
import pytest

from tests.docs.pages import run_as_written, under
from tests.servers.checkout import ROOT, Checkout, door_login

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
    opened = httpx2.get(address)
    cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
    assert opened.status_code == 303
    assert httpx2.get(checkout.url("door", "/alerts"), headers=cookie).status_code == 200

    run_as_written([remove], checkout)

    assert httpx2.get(address).status_code == 403
    assert httpx2.get(checkout.url("door", "/alerts"), headers=cookie).status_code == 401
    still = httpx2.get(checkout.url("door", "/alerts"), auth=door_login(checkout))
    assert still.status_code == 200


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

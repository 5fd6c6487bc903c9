"""The door's names and its login, as the settings say."""

import pytest

from burnrate.configuration import load_configuration
from burnrate.stack.errors import StackError
from burnrate.stack.render.door import door_files
from tests.servers.processes import ROOT


def _rendered(**settings: str) -> dict[str, str]:
    urls = load_configuration(None, settings).urls
    return {path.name: text for path, text in door_files(urls, settings).items()}


def test_the_committed_file_has_the_defaults() -> None:
    """What stands in the tree is what an empty .env gives."""
    (line,) = _rendered().values()
    assert (ROOT / "nginx/door/hosts.conf").read_text().endswith(line)


def test_public_addresses_and_further_names_are_the_doors() -> None:
    """Each once, without their ports."""
    made = _rendered(
        INBOX_URL="https://ops.example.org", GRAFANA_URL="https://graphs.example.org:8443/grafana",
        DOOR_HOSTS="Ops.example.org, desk",
    )["hosts.conf"]  # fmt: skip
    assert made == "server_name localhost 127.0.0.1 ops.example.org graphs.example.org desk;\n"


@pytest.mark.parametrize("name", ["https://ops.example.org", "a b", "a;b", "*.example.org", "a/b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """It would be another thing to nginx."""
    with pytest.raises(StackError, match=r"DOOR_HOSTS: .* is no name"):
        _rendered(DOOR_HOSTS=name)


def test_a_login_is_asked_for_unless_that_is_switched_off() -> None:
    """And a misspelt word does not switch it off."""
    assert "login.conf" not in _rendered(DOOR_LOGIN="on")
    assert "satisfy" not in _rendered(DOOR_LOGIN="off")["login.conf"]
    with pytest.raises(StackError, match="DOOR_LOGIN is 'false': on or off"):
        _rendered(DOOR_LOGIN="false")

"""Under which names the inbox is reached."""

import pytest

from alerting.inbox.web import Hosts

_PROXIED = "ops.example.org, https://Grafana.example.org/grafana,,https://[2001:db8::1]:8443"


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8090", "127.0.0.1:8090", "[::1]:8090", "10.0.0.7", "inbox:8090",
     "a.localhost", "ops.example.org", "OPS.example.org:443", "grafana.example.org:8090",
     "[2001:db8::1]"],
)  # fmt: skip
def test_our_names_lead_here(host: str) -> None:
    """What is no name of the public DNS, and what the setting has, names or addresses."""
    assert Hosts(_PROXIED).has(host)


@pytest.mark.parametrize(
    "host",
    ["", ":8090", "evil.example.org", "localhost.evil.example.org", "ops.example.org.evil.example",
     "127.0.0.1.nip.io", "127.1.evil.example:8090", "[::1", "a@evil.example.org"],
)  # fmt: skip
def test_no_other_name_does(host: str) -> None:
    """Whoever owns it may point it at 127.0.0.1."""
    assert not Hosts(_PROXIED).has(host)

"""What clients got at nginx, as Prometheus of the running stack knows it."""

import os
import signal
from collections.abc import Iterator

import httpx2
import pytest

from tests.compose.front_door import has_lua
from tests.servers.checkout import Checkout, copied_checkout
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not has_lua(), reason="not installed: nginx, libnginx-mod-http-lua"),
]


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    """The stack, up."""
    with copied_checkout() as made:
        made.up()
        yield made


def test_prometheus_knows_what_clients_got(checkout: Checkout) -> None:
    """By kind; with the service dead too, when nobody else could count."""
    front, prometheus = checkout.url("nginx"), checkout.url("prometheus")

    def counts() -> dict[tuple[str, str, str], float]:
        query = {"query": 'front_door_requests_total{job="front-door", service="nginx"}'}
        answer = httpx2.get(f"{prometheus}/api/v1/query", params=query).json()
        return {
            (found["metric"]["answered_by"], found["metric"]["status"], found["metric"]["kind"]): (
                float(found["value"][1])
            )
            for found in answer["data"]["result"]
        }

    # Nobody else asks for these; a start looks whether the service answers a browser.
    for path in ("/users/999999", "/users/999999", "/health/live", "/wp-login.php"):
        answer = httpx2.get(f"{front}{path}")
        assert "x-request-kind" not in answer.headers
    expected = {
        ("service", "404", "route"): 2,
        ("service", "200", "internal"): 1,
        ("service", "404", "unmatched"): 1,
    }
    wait_until(lambda: counts().items() >= expected.items(), "the counts of the service's answers")

    assert checkout.run("stop", "api").returncode == 0
    assert httpx2.get(f"{front}/posts").status_code == 502
    expected["proxy", "502", "route"] = 1
    os.kill(checkout.leader("nginx"), signal.SIGHUP)
    wait_until(lambda: counts().items() >= expected.items(), "the count of nginx' own answer")

"""What Alertmanager says of waits and of what it has sent."""

from collections.abc import Mapping

import httpx2
import pytest

from burnrate.drill.clients import AlertmanagerApi, RouteTiming
from burnrate.http_client import HttpClient

METRICS = """\
alertmanager_notifications_total{integration="webhook",receiver_name="inbox"} 5
alertmanager_notifications_total{integration="webhook",receiver_name="team"} 2
alertmanager_notifications_total{integration="email",receiver_name="team"} 40
alertmanager_notification_requests_failed_total{integration="webhook"} 1
alertmanager_notification_requests_failed_total{integration="email"} 9
"""
CONFIG = """
route:
  group_by: [service]
  routes:
    - matchers: [severity="page"]
      group_wait: 10s
      group_interval: 1m30s
      routes:
        - matchers: ['slo=~"pool-.*"', team!="other"]
          group_by: [service, slo]
          group_wait: 0s
    - matchers: [severity="ticket"]
      group_interval: 5m
"""


def alertmanager() -> AlertmanagerApi:
    """Return an Alertmanager with this configuration and these counters."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/metrics":
            return httpx2.Response(200, text=METRICS)
        return httpx2.Response(200, json={"config": {"original": CONFIG}})

    transport = httpx2.MockTransport(answer)
    return AlertmanagerApi(HttpClient("alertmanager", "http://127.0.0.1:1", transport=transport))


def test_webhooks_are_counted_over_all_receivers_and_nothing_else_is() -> None:
    """E-mails go to people, and say nothing of the inbox."""
    found = alertmanager().webhooks()
    assert (found.notifications, found.failed_requests) == (7, 1)


@pytest.mark.parametrize(
    ("labels", "timing"),
    [
        ({"severity": "page"}, RouteTiming(("service",), 10, 90)),
        ({"severity": "page", "slo": "pool-cpu"}, RouteTiming(("service", "slo"), 0, 90)),
        (
            {"severity": "page", "slo": "pool-cpu", "team": "other"},
            RouteTiming(("service",), 10, 90),
        ),
        ({"severity": "page", "slo": "my-pool-cpu"}, RouteTiming(("service",), 10, 90)),
        ({"severity": "ticket"}, RouteTiming(("service",), 30, 300)),
        ({}, RouteTiming(("service",), 30, 300)),
    ],
)
def test_an_alert_waits_as_the_deepest_route_that_takes_it_says(
    labels: Mapping[str, str], timing: RouteTiming
) -> None:
    """What a route leaves out is its parent's, or Alertmanager's own default."""
    assert alertmanager().timing(labels) == timing

"""New containers of the service while it is asked."""

import pytest

from tests.containers.running import RunningContainers
from tests.containers.stack import Containers
from tests.servers.clients import asking_clients
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.containers]


def test_another_image_and_other_instances_lose_no_request(stack: Containers) -> None:
    """One container, then two of another image, then one; Prometheus knows each by its name."""
    if isinstance(stack, RunningContainers):
        pytest.skip("would replace the containers of a stack that somebody uses")
    before = stack.container("api")["Id"]
    stack.environment.update(API_INSTANCES="2", BURNRATE_IMAGE="burnrate:next")
    with asking_clients(stack.url("nginx", "/users")) as statuses:
        said = stack.up()
        assert "api: replaced, one after the other" in said
        assert stack.container("api")["Id"] != before
        assert stack.container("api")["Config"]["Image"] == "burnrate:next"
        wait_until(lambda: _up(stack) == {"api:8000": "1", "api-2:8000": "1"}, "both scraped")
        stack.environment["API_INSTANCES"] = "1"
        stack.up()
        wait_until(lambda: _up(stack) == {"api:8000": "1"}, "one of them")
    assert set(statuses) == {200, 201}


def _up(stack: Containers) -> dict[str, str]:
    found = stack.query('up{job="api"}')
    return {each["metric"]["instance"]: each["value"][1] for each in found}

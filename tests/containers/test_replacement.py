"""New containers of the service while it is asked."""

from uuid import uuid4

import httpx2
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


def test_compose_by_hand_and_make_up_leave_each_others_containers(stack: Containers) -> None:
    """Neither makes one anew, or restarts it; what is stored outlives a `down` of either."""
    if isinstance(stack, RunningContainers):
        pytest.skip("would stop a stack that somebody uses")
    stack.up()
    name = f"kept-{uuid4().hex[:8]}"
    user = {"name": name, "email": f"{name}@example.org"}
    assert httpx2.post(stack.url("nginx", "/users"), json=user).status_code == 201
    for take_down in (None, ["down"], None):
        if take_down is not None:
            stack.compose(*take_down)
        before = None if take_down else _started(stack)
        done = stack.compose("up", "--detach", "--wait")
        assert done.returncode == 0, done.stderr
        by_hand = _started(stack)
        assert before in {None, by_hand}
        stack.up()
        assert _started(stack) == by_hand
    assert httpx2.post(stack.url("nginx", "/users"), json=user).status_code == 409


def _started(stack: Containers) -> frozenset[tuple[str, str, str]]:
    """Return each part's container, and since when it runs."""
    return frozenset(
        (part, str(each["Id"]), str(each["State"]["StartedAt"]))
        for part, each in stack.containers().items()
    )


def _up(stack: Containers) -> dict[str, str]:
    found = stack.query('up{job="api"}')
    return {each["metric"]["instance"]: each["value"][1] for each in found}

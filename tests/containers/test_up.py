"""The stack as containers on a real engine: healthy, confined, apart, and at work."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import pytest
import yaml

from tests.containers.running import RunningContainers
from tests.containers.stack import Containers
from tests.servers.checkout import ROOT
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.containers]

_SERVICES: dict[str, dict[str, Any]] = {
    name: service
    for name, service in yaml.safe_load((ROOT / "docker-compose.yml").read_text())[
        "services"
    ].items()
    if name != "setup"
}
# Whom it becomes before it serves.
_USERS = {"docker-proxy": "101:101"}
_BYTES = {"m": 2**20, "g": 2**30}


@pytest.fixture(params=sorted(_SERVICES))
def part(request: pytest.FixtureRequest, stack: Containers) -> str:
    """Each part that has an image here."""
    name = str(request.param)
    if image := stack.images.absent_parts().get(name):
        pytest.skip(f"{image} cannot be pulled, and there is no stand-in")
    return name


def test_every_part_is_healthy(stack: Containers, part: str) -> None:
    """The engine says so; what cannot check itself runs."""
    state = stack.container(part)["State"]
    assert state["Status"] == "running"
    assert state.get("Health", {"Status": "healthy"})["Status"] == "healthy"


def test_status_agrees_with_the_engine(stack: Containers) -> None:
    """It names what was left out without calling it sick."""
    if isinstance(stack, RunningContainers):
        pytest.skip(
            "needs a stack that `burnrate stack up` started: this one was started by Compose"
        )
    done = stack.run("status")
    assert done.returncode == 0, done.stdout
    rows = stack.status()
    absent = stack.images.absent_parts().keys()
    assert {name for name, row in rows.items() if row["state"] == "left out"} == absent
    assert {row["health"] for name, row in rows.items() if name not in absent} == {"healthy"}


def test_container_is_confined(stack: Containers, part: str) -> None:
    """No root, no capability, no way to gain one, no writable root: told by the kernel."""
    container = stack.container(part)
    process = Path(f"/proc/{container['State']['Pid']}")
    status = _status(process)
    user, _, group = _USERS.get(part, str(_SERVICES[part]["user"])).partition(":")
    assert (status["Uid"].split(), status["Gid"].split()) == ([user] * 4, [group] * 4)
    assert {int(status[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Amb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    (root,) = [line for line in _mounts(process) if line.split()[4] == "/"]
    assert "ro" in root.split()[5].split(",")
    assert not container["HostConfig"]["Privileged"]


def test_container_has_the_limits_of_the_file(stack: Containers, part: str) -> None:
    """Memory and processes are bounded by the kernel, and nothing has been killed for it."""
    container = stack.container(part)
    process = Path(f"/proc/{container['State']['Pid']}")
    service = _SERVICES[part]
    memory = int(service["mem_limit"][:-1]) * _BYTES[service["mem_limit"][-1]]
    assert _limit(process, "memory") == memory
    assert _limit(process, "pids") == service["pids_limit"]
    assert not container["State"]["OOMKilled"]


def test_only_the_loopback_is_published(stack: Containers) -> None:
    """No port of the stack can be reached at another address of this machine."""
    ports = [
        (binding["HostIp"], int(binding["HostPort"]))
        for container in stack.containers().values()
        for bindings in container["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    ]
    assert {address for address, _ in ports} == {"127.0.0.1"}
    assert {port for _, port in ports} == {stack.ports["NGINX_PORT"], stack.ports["DOOR_PORT"]}
    for _, port in ports:
        assert _can_connect("127.0.0.1", port)
        assert not _can_connect(stack.gateway, port)


def test_edge_reaches_the_api_and_nothing_behind_it(stack: Containers) -> None:
    """From nginx' place no data, no metric and no Docker can be had, by name or by address."""
    reached = stack.execute("nginx", "curl", "-sS", "-m", "5", "http://api:8000/health/live")
    assert reached.returncode == 0, reached.stderr
    targets = list(_behind_the_edge(stack))
    assert len(targets) >= 12
    with ThreadPoolExecutor(len(targets)) as pool:
        found = pool.map(lambda target: _is_reached(stack, target), targets)
        assert [target for target, is_open in zip(targets, found, strict=True) if is_open] == []


def test_those_behind_the_edge_are_reached_from_their_own_networks(stack: Containers) -> None:
    """The tries from the edge fail for its sake, and not because nothing listens."""
    connect = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)"
    for host, port in (("postgres", 5432), ("redis", 6379), ("prometheus", 9090)):
        done = stack.execute("api", "python", "-c", connect, host, str(port))
        assert done.returncode == 0, done.stderr


def test_service_reaches_what_it_needs_and_nothing_else(stack: Containers) -> None:
    """It answers strangers and fetches for them: by no address does it get at the other parts."""
    needed = {"postgres", "redis", "nginx", "prometheus", "tempo"}
    # In the databases' network as well.
    beside = {"postgres-exporter", "redis-exporter"}
    ports = {"inbox": 8090, "door": 8090, "alertmanager": 9093, "grafana": 3000, "loki": 3100}
    ports |= {"alloy": 12345, "docker-proxy": 2375, "node-exporter": 9100, "nginx-exporter": 9113}
    containers = stack.containers()
    assert not (needed | beside).intersection(ports)
    tried = [
        (address, port)
        for part, port in ports.items()
        if part in containers
        for address in (
            part,
            *(n["IPAddress"] for n in containers[part]["NetworkSettings"]["Networks"].values()),
        )
    ]
    assert len(tried) >= 8
    connect = (
        "import socket, sys\n"
        "for word in sys.argv[1:]:\n"
        "    host, port = word.split(':')\n"
        "    try: socket.create_connection((host, int(port)), 2); print(word)\n"
        "    except OSError: pass\n"
    )
    words = [f"{host}:{port}" for host, port in tried]
    done = stack.execute("api", "python", "-c", connect, *words)
    assert (done.returncode, done.stdout) == (0, "")


def test_data_has_no_way_out(stack: Containers) -> None:
    """A database that is taken over can call nobody."""
    edge = stack.container("nginx")["NetworkSettings"]["Networks"][f"{stack.project}_edge"]
    connect = f"exec 3<>/dev/tcp/{edge['IPAddress']}/8080"
    done = stack.execute("postgres", "timeout", "3", "bash", "-c", connect)
    assert done.returncode != 0
    done = stack.execute("postgres", "timeout", "3", "bash", "-c", "exec 3<>/dev/tcp/redis/6379")
    assert done.returncode == 0, done.stderr


def test_docker_proxy_lists_containers_and_changes_none(stack: Containers) -> None:
    """Through the real socket, as the user without rights that it runs as."""
    version = stack.engine.output("version", "--format", "{{.Server.APIVersion}}")
    base = f"http://127.0.0.1:2375/v{version}"
    own = stack.container("api")["Id"]
    status, listed = _proxy_answer(stack, f"{base}/containers/json")
    assert status == 200
    assert own in {each["Id"] for each in json.loads(listed)}
    status, log = _proxy_answer(stack, f"{base}/containers/{own}/logs?stdout=1")
    assert status == 200
    assert "gunicorn" in log
    for arguments in (["-X", "POST", f"{base}/containers/{own}/stop"], [f"{base}/info"]):
        assert _proxy_answer(stack, *arguments)[0] == 403


def test_a_request_leaves_a_log_line_and_a_metric(stack: Containers) -> None:
    """Followed by its id through the engine's logs of nginx and api, and into Prometheus."""
    answer = httpx2.get(stack.url("nginx", "/posts"), headers={"X-Request-ID": "containers-1"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (200, "containers-1")
    wait_until(lambda: bool(_lines(stack, "nginx", "containers-1")), "nginx' line")
    wait_until(
        lambda: any("route" in each for each in _lines(stack, "api", "containers-1")),
        "the service's line",
    )
    # On a busy machine another line may tell of the same request, such as one of the cache.
    line = next(each for each in _lines(stack, "api", "containers-1") if "route" in each)
    assert (line["route"], line["status_code"]) == ("/posts", 200)
    assert line["client"] == stack.gateway
    promql = 'http_requests_total{service="api",endpoint="/posts",status="200"} > 0'
    wait_until(lambda: bool(stack.query(promql)), "Prometheus has scraped it")


def test_a_sampled_trace_arrives_in_tempo(stack: Containers) -> None:
    """Where Tempo has an image here, the request's spans are found by its trace id."""
    _need(stack, "tempo")
    sent: list[str] = []

    def arrived() -> bool:
        # What is sampled is the service's choice, one request in ten.
        sent.append(uuid4().hex)
        parent = {"traceparent": f"00-{sent[-1]}-b7ad6b7169203331-01"}
        assert httpx2.get(stack.url("nginx", "/posts"), headers=parent).status_code == 200
        addresses = [f"http://tempo:3200/api/traces/{trace_id}" for trace_id in sent]
        return any("/posts" in _asked(stack, address) for address in addresses)

    wait_until(arrived, "the trace")


def test_a_log_line_arrives_in_loki(stack: Containers) -> None:
    """From the engine through the proxy and Alloy, found by the service and the request's id."""
    _need(stack, "loki", "alloy")
    headers = {"X-Request-ID": "containers-2"}
    assert httpx2.get(stack.url("nginx", "/posts"), headers=headers).status_code == 200
    query = urlencode({"query": '{service="api"} |= "containers-2"'})
    address = f"http://loki:3100/loki/api/v1/query_range?{query}"
    wait_until(lambda: "process_time" in _asked(stack, address), "the line")


def test_grafana_has_its_dashboards_and_reaches_its_sources(stack: Containers) -> None:
    """For whom the door lets in, and without a plugin or a dashboard from elsewhere."""
    _need(stack, "grafana", "loki", "tempo")
    with httpx2.Client(base_url=stack.url("grafana")) as ask:
        found = {each["uid"] for each in ask.get("/api/search?type=dash-db").json()}
        files = (ROOT / "grafana/dashboards").glob("*.json")
        assert found == {json.loads(file.read_text())["uid"] for file in files}
        # Through Grafana. Its own health checks of sources differ with its version.
        paths = {"prometheus": "api/v1/labels", "loki": "loki/api/v1/labels", "tempo": "api/echo"}
        for source, path in paths.items():
            answer = ask.get(f"/api/datasources/proxy/uid/{source}/{path}")
            assert answer.status_code == 200, f"{source}: {answer.text}"
    own = "http://grafana:3000/grafana/api/search"
    ask_past_the_door = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", own]
    forged = ["-H", "X-WEBAUTH-USER: admin", "-H", "X-Burnrate-User: admin", "-u", "admin:admin"]
    for headers in ([], forged):
        assert stack.execute("door", *ask_past_the_door, *headers).stdout == "401"


def test_past_the_door_the_parts_want_its_login(stack: Containers) -> None:
    """Asked from a container beside them; nobody says by a header of their own who they are."""
    places = {
        "http://inbox:8090/alerts": "200",
        "http://prometheus:9090/prometheus/api/v1/query?query=1": "200",
        "http://alertmanager:9093/alertmanager/api/v2/silences": "200",
    }
    password = "/etc/burnrate/secrets/machine_password"
    for place, expected in places.items():
        script = f"""
            ask() {{ curl -sS -o /dev/null -w '%{{http_code}} ' "$@" '{place}'; }}
            ask; ask -H 'X-Burnrate-User: root' -u burnrate:guessed; ask -X POST -d x -H 'Origin: http://e'
            echo "user = \"burnrate:$(cat {password})\"" | ask -K -
        """
        done = stack.execute("door", "sh", "-c", script)
        assert done.stdout.split()[-1] == expected, done.stderr
        assert set(done.stdout.split()[:-1]) <= {"401", "403"}, place
    rebound = ["curl", "-sS", "-H", "Host: evil.example.org", "http://inbox:8090/metrics"]
    assert "INBOX_ALLOWED_HOSTS" in stack.execute("door", *rebound).stdout


def test_people_come_in_at_the_door_by_their_links(stack: Containers) -> None:
    """As `docker compose exec` prints them; names are added and removed while it runs."""
    door = f"http://127.0.0.1:{stack.ports['DOOR_PORT']}"
    printed = stack.execute("door", "cat", "/etc/burnrate/secrets/door_links").stdout
    name, link = printed.splitlines()[0].split()
    path = link[link.index("/-/") :]
    assert (name, httpx2.get(f"{door}{path}").status_code) == ("operator", 303)
    assert httpx2.get(f"{door}/alerts").status_code == 401
    if isinstance(stack, RunningContainers):
        pytest.skip("only a stack of our own gets another name")
    done = stack.run_command("door", "add", "ada")
    assert done.returncode == 0, done.stderr
    added = done.stdout.split()[-1]
    cookie = {"Cookie": f"burnrate_door={added.partition('token=')[2]}"}
    address, page = f"{door}{added[added.index('/-/') :]}", f"{door}/alerts"
    # A worker of before takes requests for a moment longer.
    wait_until(lambda: httpx2.get(address).status_code == 303, "the link lets her in")
    wait_until(lambda: httpx2.get(page, headers=cookie).status_code == 200, "so does her cookie")
    assert stack.run_command("door", "remove", "ada").returncode == 0
    wait_until(lambda: httpx2.get(page, headers=cookie).status_code == 401, "her cookie has ended")
    assert stack.run_command("door", "link").stdout == printed
    # Nothing that a container printed holds a token.
    logged = json.dumps([stack.log(part) for part in ("door", "inbox")])
    assert "/-/door/login" in logged
    assert path.rpartition("=")[2] not in logged


def test_prometheus_reaches_every_part(stack: Containers) -> None:
    """Every target but those without an image, exporters' own ones included."""
    absent = stack.images.absent_parts().keys()
    wait_until(lambda: {_job(each) for each in stack.query("up == 0")} == absent, "targets up")
    for exported in ("pg_up", "redis_up", "nginx_up"):
        # A part that was never asked is not among those that are down.
        (found,) = wait_until(partial(stack.query, exported), exported)
        assert found["value"][1] == "1", exported
    free = 'node_filesystem_avail_bytes{mountpoint="/host/data"}'
    (disk,) = wait_until(lambda: stack.query(free), "the disk")
    assert float(disk["value"][1]) > 0


def test_prometheus_knows_what_clients_got_at_nginx(stack: Containers) -> None:
    """Counted by nginx, told by the relay; of no route, as the service says to nginx alone."""
    answer = httpx2.get(stack.url("nginx", "/wp-login.php"))
    assert answer.status_code == 404
    assert "x-request-kind" not in answer.headers
    counted = 'front_door_requests_total{answered_by="service", status="404", kind="unmatched"} > 0'
    wait_until(lambda: bool(stack.query(counted)), "the count")


def test_the_watchdog_arrives_in_the_inbox(stack: Containers) -> None:
    """Rule to inbox: the whole path of an alert works."""
    wait_until(lambda: bool(stack.alerts("firing", alertname="Watchdog")), "the watchdog")


def _status(process: Path) -> dict[str, str]:
    rows = (line.partition(":") for line in (process / "status").read_text().splitlines())
    return {name: value.strip() for name, _, value in rows}


def _mounts(process: Path) -> list[str]:
    return (process / "mountinfo").read_text().splitlines()


def _limit(process: Path, kind: str) -> int:
    """Return a limit of a process' control group, of version 1 or 2."""
    file = {"memory": "memory.limit_in_bytes", "pids": "pids.max"}[kind]
    for line in (process / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if kind in controllers.split(","):
            return int(Path(f"/sys/fs/cgroup/{kind}{path}/{file}").read_text())
    return int(Path(f"/sys/fs/cgroup{path}/{kind}.max").read_text())


def _can_connect(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, port)) == 0


def _behind_the_edge(stack: Containers) -> Iterator[str]:
    ports = {
        "postgres": 5432,
        "redis": 6379,
        "prometheus": 9090,
        "alertmanager": 9093,
        "inbox": 8090,
        "door": 8090,
        "docker-proxy": 2375,
    }
    containers = stack.containers()
    for part, port in ports.items():
        yield f"{part}:{port}"
        for network in containers[part]["NetworkSettings"]["Networks"].values():
            yield f"{network['IPAddress']}:{port}"
    # What is published must not be open to containers by way of the host.
    yield f"{stack.gateway}:{stack.ports['DOOR_PORT']}"


def _is_reached(stack: Containers, target: str) -> bool:
    done = stack.execute("nginx", "curl", "-sS", "-m", "3", f"http://{target}/")
    # No such name, refused, timed out; any other end begins with a connection.
    return done.returncode not in {6, 7, 28}


def _proxy_answer(stack: Containers, *arguments: str) -> tuple[int, str]:
    options = ["-sS", "-m", "5", "-w", "\\n%{http_code}", "--output", "-"]
    done = stack.execute("docker-proxy", "curl", *options, *arguments)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def _need(stack: Containers, *parts: str) -> None:
    """Skip where one of them has no image here."""
    for part in parts:
        if image := stack.images.absent_parts().get(part):
            pytest.skip(f"{image} cannot be pulled, and there is no stand-in")


def _asked(stack: Containers, address: str) -> str:
    """Return what an address answers that only containers reach."""
    ask = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read())"
    return stack.execute("api", "python", "-c", ask, address).stdout


def _lines(stack: Containers, part: str, request_id: str) -> list[dict[str, Any]]:
    return [line for line in stack.log(part) if line.get("request_id") == request_id]


def _job(sample: dict[str, Any]) -> str:
    return str(sample["metric"]["job"])

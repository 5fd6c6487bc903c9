"""Container addresses turned into this machine's."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from burnrate.stack.addresses import (
    ENDPOINTS,
    AddressMap,
    container_addresses,
    instance_names,
    kind_of,
)
from burnrate.stack.errors import StackError

DEFAULTS = AddressMap()
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres:5432/burnrate?sslmode=disable", "127.0.0.1:15432/burnrate?sslmode=disable"),
        ("redis://redis:6379", "redis://127.0.0.1:15379"),
        ("http://tempo:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"),
        ('["postgres-exporter:9187"]', '["127.0.0.1:9187"]'),
        ("0.0.0.0:8000", "127.0.0.1:8000"),
        ("--host 0.0.0.0", "--host 127.0.0.1"),
        ("user@inbox:8090", "user@127.0.0.1:8091"),
        ("http://host.docker.internal:8000/hook", "http://127.0.0.1:8000/hook"),
        # Not addresses of ours.
        ("http://host.docker.internal.example:1", "http://host.docker.internal.example:1"),
        ("postgres:17.11", "postgres:17.11"),
        ("postgres:17", "postgres:17"),
        ("my-api:8000", "my-api:8000"),
        ("api.example.org:8000", "api.example.org:8000"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.0.0.0", "10.0.0.0"),
        ("job_name: redis", "job_name: redis"),
    ],
)
def test_translates_addresses_and_nothing_that_only_looks_alike(text: str, expected: str) -> None:
    """The table's addresses change, names and versions stay."""
    assert DEFAULTS.translate(text, "api") == expected


def test_no_port_is_one_of_an_outgoing_connection() -> None:
    """Linux takes those from 32768 on; one that fades would keep a part from listening."""
    assert max(endpoint.default_port for endpoint in ENDPOINTS) < 32768


@pytest.mark.parametrize(
    ("part", "text", "expected"),
    [
        ("nginx", "listen 0.0.0.0:8080;", "listen 127.0.0.1:18080;"),
        ("nginx", "listen 8081;", "listen 127.0.0.1:8081;"),
        ("nginx", "server api:8000;", "server 127.0.0.1:8000;"),
        ("loki", "  http_listen_port: 3100", "  http_listen_port: 13100"),
        ("loki", "http_listen_address: 0.0.0.0", "http_listen_address: 127.0.0.1"),
        ("loki", "max_look_back: 3100", "max_look_back: 3100"),
    ],
)
def test_a_file_may_name_its_own_port_without_an_address(
    part: str, text: str, expected: str
) -> None:
    """Listening directives follow a moved port and never listen on every interface."""
    moved = AddressMap.from_environment({"NGINX_PORT": "18080", "LOKI_PORT": "13100"})
    assert moved.translate_file(text, part) == expected


def test_each_port_has_a_variable_of_its_own_that_moves_it() -> None:
    """No two endpoints share a variable, and each is obeyed."""
    variables = {endpoint.variable: 20000 + i for i, endpoint in enumerate(ENDPOINTS)}
    assert len(variables) == len(ENDPOINTS)
    moved = AddressMap.from_environment({name: str(port) for name, port in variables.items()})
    assert {e.variable: moved.ports[e] for e in ENDPOINTS} == variables
    assert variables.keys() >= {"NGINX_STATUS_PORT", "TEMPO_OTLP_PORT", "POSTGRES_EXPORTER_PORT"}


def test_no_two_parts_want_the_same_port_by_default() -> None:
    """On one machine the parts share one address."""
    ports = list(DEFAULTS.ports.values())
    assert sorted(set(ports)) == sorted(ports)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "80a", "8 0", "٣"])
def test_a_wrong_port_is_refused_by_its_variable(text: str) -> None:
    """The line names the setting."""
    with pytest.raises(StackError, match="REDIS_PORT"):
        AddressMap.from_environment({"REDIS_PORT": text})


def test_an_address_without_a_counterpart_is_found() -> None:
    """What only containers have is left in the text, and reported."""
    text = DEFAULTS.translate("docker-proxy:2375 api:9999 api:8000", "alloy")
    assert container_addresses(text) == ["docker-proxy:2375", "api:9999"]


def test_a_relay_is_the_part_behind_it() -> None:
    """As processes all are in one network: what a relay would pass on is asked for directly."""
    assert (
        DEFAULTS.translate("nginx-status:8081 nginx:8081", "x") == "127.0.0.1:8081 127.0.0.1:8081"
    )


@given(
    st.lists(st.one_of(st.sampled_from(ENDPOINTS), PLAIN_TEXT), max_size=8),
    st.integers(10000, 60000),
)
def test_no_known_container_address_survives(pieces: list[object], first_port: int) -> None:
    """Whatever stands around it, an address in the table is translated."""
    variables = {e.variable: str(first_port + i) for i, e in enumerate(ENDPOINTS)}
    moved = AddressMap.from_environment(variables)
    text = " ".join(
        piece if isinstance(piece, str) else f"{piece.part}:{piece.container_port}"  # type: ignore[attr-defined]
        for piece in pieces
    )
    known = {f"{e.part}:{e.container_port}" for e in ENDPOINTS}
    assert not known.intersection(container_addresses(moved.translate(text, "api")))


@given(PLAIN_TEXT)
def test_text_without_addresses_stays_as_it_is(text: str) -> None:
    """Translation touches addresses and nothing else."""
    assume("0.0" not in text and not container_addresses(text))
    assert DEFAULTS.translate(text, "api") == text


def test_further_instances_follow_the_first_one_s_port() -> None:
    """Each can be moved by a variable of its own."""
    given = {"API_INSTANCES": "3", "API_PORT": "18000", "API_3_PORT": "19000"}
    addresses = AddressMap.from_environment(given)
    ports = [addresses.port(name) for name in instance_names(given)]
    assert ports == [18000, 18001, 19000]
    assert addresses.translate("api:8000 api-2:8000 api-3:8000", "nginx") == (
        "127.0.0.1:18000 127.0.0.1:18001 127.0.0.1:19000"
    )
    assert addresses.translate("0.0.0.0:8000", "api-2") == "127.0.0.1:18001"
    assert [kind_of(name) for name in (*instance_names(given), "redis")] == [*["api"] * 3, "redis"]


@pytest.mark.parametrize("text", ["0", "9", "-1", "two", "1.5", "²"])
def test_an_impossible_number_of_instances_is_refused(text: str) -> None:
    """By the variable's name."""
    with pytest.raises(StackError, match=r"API_INSTANCES is .*: it must be 1 to 8"):
        AddressMap.from_environment({"API_INSTANCES": text})

"""Ports are checked before anything starts."""

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from burnrate.stack import ports
from burnrate.stack.addresses import AddressMap
from burnrate.stack.errors import StackError
from burnrate.stack.ports import _PORTS, check_ports, free_port, free_ports


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody else's server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def _port(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def test_a_taken_port_is_named_with_its_part_its_holder_and_its_variable(
    listener: socket.socket,
) -> None:
    """One line has all that is needed to solve it."""
    port = _port(listener)
    addresses = AddressMap.from_environment({"PROMETHEUS_PORT": str(port)})
    with pytest.raises(StackError) as caught:
        check_ports(addresses, ["prometheus"])
    message = str(caught.value)
    assert f"port {port} for prometheus is taken by " in message
    assert f"(process {os.getpid()})" in message
    assert "PROMETHEUS_PORT" in message


def test_a_listener_on_every_interface_is_in_the_way_too() -> None:
    """A bind to the loopback alone would fail at the part's start."""
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - that is the case
        addresses = AddressMap.from_environment({"REDIS_PORT": str(_port(server))})
        with pytest.raises(StackError, match="REDIS_PORT"):
            check_ports(addresses, ["redis"])


def test_ports_of_parts_that_do_not_start_do_not_matter(listener: socket.socket) -> None:
    """Grafana's port may be taken where Grafana is not installed."""
    addresses = AddressMap.from_environment(
        {"GRAFANA_PORT": str(_port(listener)), "REDIS_PORT": str(free_port())}
    )
    check_ports(addresses, ["redis"])


def test_two_parts_that_want_one_port_are_both_named() -> None:
    """A slip in .env is told before it becomes a failed start."""
    addresses = AddressMap.from_environment({"API_PORT": "8123", "INBOX_PORT": "8123"})
    with pytest.raises(StackError, match=r"8123 is wanted by api \(API_PORT\) and by inbox"):
        check_ports(addresses, ["api", "inbox"])


def test_all_ports_in_the_way_are_named_at_once(listener: socket.socket) -> None:
    """Who frees one and then meets the next one starts four times."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = {"REDIS_PORT": str(_port(listener)), "LOKI_GRPC_PORT": str(_port(other))}
        same = {"TEMPO_PORT": "8123", "INBOX_PORT": "8123"}
        addresses = AddressMap.from_environment({**taken, **same, "LOKI_PORT": str(free_port())})
        with pytest.raises(StackError) as caught:
            check_ports(addresses, ["redis", "inbox", "loki"])
        with pytest.raises(StackError) as with_clash:
            check_ports(addresses, ["redis", "inbox", "loki", "tempo"])
    first, *lines = str(caught.value).splitlines()
    assert first == "2 things are in the way of a start:"
    assert [variable in line for variable, line in zip(taken, lines, strict=True)] == [True, True]
    assert "8123 is wanted by inbox (INBOX_PORT) and by tempo (TEMPO_PORT)" in str(with_clash.value)


def test_another_user_s_listener_is_named_by_its_user(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only root is told the process."""
    monkeypatch.setattr(psutil, "net_connections", lambda _kind: [])
    addresses = AddressMap.from_environment({"REDIS_PORT": str(_port(listener))})
    user = pwd.getpwuid(os.getuid()).pw_name
    with pytest.raises(StackError, match=f"is taken by a process of {user}: "):
        check_ports(addresses, ["redis"])


def test_free_ports_are_different_ones_that_nobody_has(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few there are."""
    taken = _port(listener)
    around = range(taken - 20, taken + 20)
    monkeypatch.setattr(ports, "_PORTS", around)
    found = free_ports(10)
    assert len(set(found)) == 10
    assert set(found) <= set(around) - {taken}
    with pytest.raises(StackError, match="no 40 ports are free"):
        free_ports(40)


def test_ports_are_given_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also to others who ask before anything listens there, in this process or in another one."""
    few = range(_PORTS.start, _PORTS.start + 60)
    monkeypatch.setattr(ports, "_PORTS", few)
    here = [*free_ports(10), *free_ports(10)]
    asking = f"from burnrate.stack import ports; ports._PORTS = {few}; print(*ports.free_ports(10))"
    own = {**os.environ, "TMPDIR": str(tmp_path)}  # as benchmarks and tests of servers have it
    printed = subprocess.check_output([sys.executable, "-c", asking], text=True, env=own)
    there = [int(port) for port in printed.split()]
    assert len({*here, *there}) == 30
    assert list(tmp_path.iterdir()) == []

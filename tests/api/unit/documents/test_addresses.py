"""Which addresses are public, by a list that no release of Python changes."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.documents.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",  # noqa: S104
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
        "192.0.0.8", "192.0.0.9", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "192.31.196.1", "192.52.193.1", "192.175.48.1",
        "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
        "100:0:0:1::1", "2001::1", "2001:2::1", "2001:20::1", "2620:4f:8000::1", "3ffe::1",
        "3fff::1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_address_that_is_not_public_is_known_as_such(address: str) -> None:
    """Private, local, reserved, multicast, for documentation, for tunnels."""
    assert not is_public(address)


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "93.184.215.14"])
def test_ipv6_address_that_stands_for_an_ipv4_one_is_not_public(inside: str) -> None:
    """Whatever it stands for: nobody on the internet has such an address."""
    number = int(ipaddress.IPv4Address(inside))
    disguises = [
        number,  # IPv4-compatible, ::127.0.0.1
        0xFFFF << 32 | number,  # IPv4-mapped, ::ffff:127.0.0.1
        0xFFFF << 48 | number,  # IPv4-translated, ::ffff:0:127.0.0.1
        0x64FF9B << 96 | number,  # NAT64, 64:ff9b::127.0.0.1
        0x64FF9B << 96 | 1 << 80 | number,  # NAT64 of a network's own, 64:ff9b:1::127.0.0.1
        0x2002 << 112 | number << 80,  # 6to4, 2002:7f00:1::
        0x20010000 << 96 | number ^ 0xFFFFFFFF,  # Teredo
    ]
    assert [str(a) for a in map(ipaddress.IPv6Address, disguises) if is_public(str(a))] == []


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "8.8.8.8", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2001:4860::1"],
)
def test_public_address_is_known_as_such(address: str) -> None:
    """The rest of the internet."""
    assert is_public(address)


@given(st.ip_addresses())
def test_what_python_calls_special_is_never_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Ours is the stricter list, on whatever Python this runs."""
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast

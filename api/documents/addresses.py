"""Which addresses belong to the open internet.

A list of our own: what Python's `ipaddress` calls global differs between its releases, and leaves
out what only stands for another address.
"""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

# https://www.iana.org/assignments/iana-ipv4-special-registry (all of it, also the few blocks that
# it calls globally reachable: anycast, AS112 and tunnels serve no documents), and of
# https://www.iana.org/assignments/ipv4-address-space what is no unicast: 224/4 and 240/4.
_SPECIAL_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared: behind a provider's NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local: the clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays, deprecated
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# https://www.iana.org/assignments/ipv6-address-space: the only block for unicast on the internet.
# Outside of it is whatever stands for IPv4: mapped, translated (NAT64), compatible.
_UNICAST_V6: Final = IPv6Network("2000::/3")
# https://www.iana.org/assignments/iana-ipv6-special-registry: what of it lies in that block.
_SPECIAL_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3ffe::/16",  # 6bone, returned (RFC 3701)
            "3fff::/20",  # documentation
        ),
    )
)


def is_public(text: str) -> bool:
    """Tell whether an address belongs to the open internet; what is in doubt does not.

    Raises:
        ValueError: this is no address.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        return address in _UNICAST_V6 and not any(address in block for block in _SPECIAL_V6)
    return not any(address in block for block in _SPECIAL_V4)

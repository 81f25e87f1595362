"""Which network addresses a request may go to. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal

Reach = Literal["public", "private", "local", "never"]
"""How far an address reaches. `local` is this machine; `never` is link-local, multicast, reserved, and where clouds
keep their metadata and credentials: nothing good is ever read there unless the address itself is configured."""

_METADATA = frozenset(
    {
        ip_address("169.254.169.254"),  # AWS, Azure, Google, OpenStack, …
        ip_address("169.254.170.2"),  # AWS ECS task credentials
        ip_address("168.63.129.16"),  # Azure's host channel: a public address by its number
        ip_address("100.100.100.200"),  # Alibaba
        ip_address("192.0.0.192"),  # Oracle
        ip_address("fd00:ec2::254"),  # AWS over IPv6: a private address by its number
        ip_address("fd20:ce::254"),  # Google over IPv6
    }
)
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_SHARED = IPv4Network("100.64.0.0/10")


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end up at, if there is one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    number = int(address)
    if any(address in network for network in _NAT64) or number >> 32 == 0:
        # The last form is the deprecated "IPv4-compatible" one; :: and ::1 are handled before.
        return IPv4Address(number & 0xFFFFFFFF)
    return None


def reach(text: str) -> Reach:
    """How far an address (an IP literal, with or without a scope) reaches. Raises ValueError for anything else."""
    address = ip_address(text.partition("%")[0])
    if address in _METADATA:
        return "never"
    if address.is_loopback or address.is_unspecified:
        return "local"
    if isinstance(address, IPv6Address) and (inner := _embedded(address)) is not None:
        return reach(str(inner))
    if address.is_link_local or address.is_multicast:
        return "never"
    if isinstance(address, IPv4Address) and address in _SHARED:
        return "private"
    if isinstance(address, IPv6Address) and address.is_site_local:
        return "private"
    if address.is_global:
        return "public"
    if address.is_reserved or not address.is_private:
        return "never"
    return "private"

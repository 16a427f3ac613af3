"""Whom a request comes from, and whether over TLS: only proxies we trust are believed.

Everybody may write X-Forwarded-For. Each proxy adds on the right the address it was called
from, so the rightmost one that is no proxy of ours is the client's; what stands further left
is only what the client says.
"""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

from mulakat.settings import networks
from mulakat.web.state import parts

MOST_HOPS = 32
"""Proxies that are looked through; the header may be as long as all headers may."""

_Networks = tuple[IPv4Network | IPv6Network, ...]


def client_address(connection: HTTPConnection) -> str:
    """Return the client's address as text; empty when it came over no network."""
    return true_address(
        connection.client.host if connection.client else "",
        connection.headers.getlist("x-forwarded-for"),
        _proxies(connection),
    )


def over_tls(connection: HTTPConnection) -> bool:
    """Return whether the client speaks TLS, to us or to a proxy of ours."""
    if connection.url.scheme in {"https", "wss"}:
        return True
    peer = connection.client.host if connection.client else ""
    forwarded = connection.headers.get("x-forwarded-proto", "").strip().lower()
    return forwarded == "https" and _trusted(peer, _proxies(connection))


def true_address(peer: str, forwarded: list[str], proxies: _Networks) -> str:
    """Return the client's address, given who connected and the X-Forwarded-For headers."""
    address = peer
    hops = [hop for line in forwarded for hop in line.split(",")]
    for hop in reversed(hops[-MOST_HOPS:]):
        if not _trusted(address, proxies):
            break
        said = _parse(hop)
        if said is None:
            break  # a proxy of ours that writes nonsense: its own address is all we know
        address = said
    return address


def neighbourhood(address: str) -> str:
    """Return what to count tries by: an IPv4 address, or the /64 that one IPv6 client has.

    RFC 4291 §2.5.1: the lower 64 bits are the client's own to choose.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


def _proxies(connection: HTTPConnection) -> _Networks:
    return networks(parts(connection).settings.web.trusted_proxies)


def _trusted(address: str, proxies: _Networks) -> bool:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in proxies)


def _parse(hop: str) -> str | None:
    """Return a hop's address without the port that some proxies write behind it."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None

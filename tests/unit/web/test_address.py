"""Whom a request comes from: X-Forwarded-For counts only as far as our own proxies wrote it."""

import pytest

from mulakat.settings import SettingError, load, networks
from mulakat.web.address import MOST_HOPS, neighbourhood, true_address

PROXIES = networks("10.0.0.0/8, 2001:db8::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        ("203.0.113.5", ["1.2.3.4"], "203.0.113.5"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.5, 10.9.9.9"], "203.0.113.5"),
        ("10.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("10.0.0.1", ["203.0.113.5:4711"], "203.0.113.5"),
        ("10.0.0.1", ["[2001:db8::9]:4711"], "2001:db8::9"),
        ("2001:db8::1", ["203.0.113.5"], "203.0.113.5"),
        ("::ffff:10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["203.0.113.5, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("", ["203.0.113.5"], ""),
    ],
)
def test_the_rightmost_address_that_is_no_proxy_of_ours_counts(
    peer: str, forwarded: list[str], expected: str
) -> None:
    assert true_address(peer, forwarded, PROXIES) == expected


def test_nobody_is_believed_when_no_proxy_is_named() -> None:
    assert true_address("127.0.0.1", ["203.0.113.5"], networks("")) == "127.0.0.1"


def test_a_header_of_thousands_of_hops_is_looked_through_no_further_than_its_end() -> None:
    endless = ["203.0.113.5," + "10.0.0.9," * 5000 + "10.0.0.8"]
    assert true_address("10.0.0.1", endless, PROXIES) == "10.0.0.9"
    near = ["203.0.113.5," + ",".join(["10.0.0.9"] * (MOST_HOPS - 1))]
    assert true_address("10.0.0.1", near, PROXIES) == "203.0.113.5"


def test_one_client_cannot_have_many_counts_by_its_many_ipv6_addresses() -> None:
    assert neighbourhood("2001:db8:1:2:3::4") == neighbourhood("2001:db8:1:2:ffff::9")
    assert neighbourhood("2001:db8:1:2::1") != neighbourhood("2001:db8:1:3::1")
    assert neighbourhood("fe80::1%eth0") == neighbourhood("fe80::2%eth1")
    assert neighbourhood("::ffff:203.0.113.5") == "203.0.113.5"
    assert neighbourhood("") == ""


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example.org", "10.0.0.0/33"])
def test_a_proxy_that_is_no_network_stops_the_start(text: str) -> None:
    with pytest.raises(SettingError, match="MULAKAT_TRUSTED_PROXIES"):
        load({"MULAKAT_TRUSTED_PROXIES": text})

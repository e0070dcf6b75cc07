"""Where the live view listens."""

import ipaddress
import socket

import pytest

from crackscan.core.errors import CrackscanError
from crackscan.edge.web.live.address import (
    Address,
    list_hosts,
    list_own_addresses,
    open_listener,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "host", "port", "local"),
    [
        ("", "127.0.0.1", 8765, True),
        ("9000", "127.0.0.1", 9000, True),
        (":9000", "127.0.0.1", 9000, True),
        ("localhost", "localhost", 8765, True),
        ("127.0.0.2:0", "127.0.0.2", 0, True),
        ("[::1]:9000", "::1", 9000, True),
        ("[::1]", "::1", 8765, True),
        ("0.0.0.0", "0.0.0.0", 8765, False),
        ("0.0.0.0:9000", "0.0.0.0", 9000, False),
        ("[::]:9000", "::", 9000, False),
        ("192.168.4.1:9000", "192.168.4.1", 9000, False),
        ("drone.local:9000", "drone.local", 9000, False),
    ],
)
def test_addresses_are_read(text: str, host: str, port: int, local: bool) -> None:
    address = parse_address(text)
    assert (address.host, address.port, address.local) == (host, port, local)


@pytest.mark.parametrize(
    "text",
    [
        "host:",
        "0.0.0.0:99999",
        "host:http",
        "a b:80",
        "[::1",
        "[::1]9",
        "[x]:80",
        "::1",
        "https://x",
    ],
)
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(CrackscanError, match="HOST:PORT"):
        parse_address(text)


def test_an_address_in_use_is_told_in_one_line() -> None:
    with open_listener(Address("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(CrackscanError, match=f"127.0.0.1:{port}: .*in use.*--live") as error:
            open_listener(Address("127.0.0.1", port))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.77"])
def test_a_host_that_is_not_here_is_told(host: str) -> None:
    if host in list_own_addresses():
        pytest.skip("it is here")
    with pytest.raises(CrackscanError, match=f"no live view at {host}"):
        open_listener(Address(host, 0))


def test_every_network_is_named_by_its_addresses_and_the_machines_name() -> None:
    assert list_hosts(Address("10.0.0.7", 1)) == ["10.0.0.7"]
    assert list_hosts(Address("fe80::7", 1)) == ["[fe80::7]"]
    *ips, name = list_hosts(Address("0.0.0.0", 1))
    assert name.endswith(".local")
    assert ips == list_own_addresses()
    assert all(not ipaddress.IPv4Address(ip).is_loopback for ip in ips)


def test_own_addresses_can_be_bound() -> None:
    for ip in list_own_addresses():
        with socket.create_server((ip, 0)):
            pass

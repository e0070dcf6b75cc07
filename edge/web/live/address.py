"""The address that the live view listens at, and the names under which a phone reaches it."""

import fcntl
import ipaddress
import re
import socket
import struct
from dataclasses import dataclass

from crackscan.core.errors import CrackscanError

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8765
_ADDRESS = re.compile(r"(\[(?P<ipv6>[^\]]*)\]|(?P<host>[\w.-]*))(:(?P<port>[0-9]{1,5}))?", re.ASCII)
_BACKLOG = 16
_SIOCGIFADDR = 0x8915
_UNACKNOWLEDGED_MS = 20_000


@dataclass(frozen=True)
class Address:
    """A host and a port as the user gave them."""

    host: str
    port: int

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str = "") -> Address:
    """`HOST:PORT`, `HOST`, `:PORT`, `PORT` or nothing; an IPv6 host stands in brackets.

    Nothing is 127.0.0.1:8765; `0.0.0.0` is every network of this machine.

    Raises:
        CrackscanError: it is not an address.
    """
    if text.isascii() and text.isdigit():
        text = f":{text}"
    parts = _ADDRESS.fullmatch(text)
    port = int(parts["port"] or DEFAULT_PORT) if parts is not None else 0
    try:
        if parts is None or port > 65535:
            raise ValueError
        if parts["ipv6"] is not None:
            return Address(str(ipaddress.IPv6Address(parts["ipv6"])), port)
    except ValueError:
        raise CrackscanError(
            f"{text!r} is not an address for the live view:"
            f" give HOST:PORT, like 0.0.0.0:{DEFAULT_PORT}"
        ) from None
    return Address(parts["host"] or DEFAULT_HOST, port)


def open_listener(address: Address, option: str = "--live") -> socket.socket:
    """A listening socket, not blocking.

    `option` is what the user names it with. Data that a viewer does not take for 20 s ends its
    connection in the kernel.

    Raises:
        CrackscanError: the address is in use or not this machine's.
    """
    try:
        family, kind, proto, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, proto)
    except OSError as error:
        raise CrackscanError(f"no live view at {address.host}: {error.strerror}") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
        listening.bind(place)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise CrackscanError(
            f"no live view at {address.host}:{address.port}: {error.strerror};"
            f" name another address: {option} HOST:PORT"
        ) from None
    listening.setblocking(False)
    return listening


def list_hosts(address: Address) -> list[str]:
    """The host names for links to it, the best first; IPv6 in brackets."""
    if address.host not in ("0.0.0.0", "::"):
        return [f"[{address.host}]" if ":" in address.host else address.host]
    found = list_own_addresses()
    return [*found, f"{socket.gethostname().removesuffix('.local')}.local"]


def list_own_addresses() -> list[str]:
    """The IPv4 addresses of this machine's network interfaces, wireless ones first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in sorted(socket.if_nameindex(), key=lambda one: not one[1].startswith("wl")):
            try:
                reply = fcntl.ioctl(asked, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:  # it has none
                continue
            ip = ipaddress.IPv4Address(reply[20:24])
            if not ip.is_loopback:
                found.append(str(ip))
    return found

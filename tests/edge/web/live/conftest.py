"""A hub with something to see, and its server on a free port."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from live_help import a_frame

from crackscan.edge.web.live.address import Address
from crackscan.edge.web.live.http import Limits
from crackscan.edge.web.live.hub import Hub
from crackscan.edge.web.live.serve import LiveServer, serve_hub

Serving = Callable[..., LiveServer]


@pytest.fixture
def hub() -> Hub:
    hub = Hub()
    hub.publish_frame(a_frame())
    return hub


@pytest.fixture
def serving(hub: Hub) -> Iterator[Serving]:
    """Serves the hub: `serving(host, limits=…, keys_file=…)`."""
    with ExitStack() as stack:

        def start(
            host: str = "127.0.0.1", limits: Limits | None = None, keys_file: Path | None = None
        ) -> LiveServer:
            return stack.enter_context(serve_hub(hub, Address(host, 0), keys_file, limits))

        yield start

"""An address that cannot be a Dask scheduler's is refused before anything is tried."""

import click
import pytest

from crackscan.edge.cli.scan import check_dask_address


@pytest.mark.parametrize(
    "address",
    ["tcp://host:8786", "host:8786", "tls://10.0.0.7:8786", "tcp://[fe80::1]:8786", "ws://a-b:80"],
)
def test_an_address_with_a_port_is_accepted(address: str) -> None:
    assert check_dask_address(address) == address


@pytest.mark.parametrize(
    "address", ["foo", "tcp://foo", "host:", ":8786", "", "http//x:1", "a b:1"]
)
def test_anything_else_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(click.BadParameter, match="like tcp://host:8786"):
        check_dask_address(address)

"""Which taken ports stop `roomtally up`."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from roomtally import errors
from roomtally.embedded.supervisor import check_ports
from roomtally.embedded.valkey import free_port

NOWHERE = {"ROOMTALLY_STORAGE_URL": "-"}


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("variable", "option"), [("ROOMTALLY_PORT", "--port"), ("ROOMTALLY_PRIVATE_PORT", "--private-port")]
)
def test_a_taken_port_is_told_with_its_option_and_its_variable(taken: int, variable: str, option: str) -> None:
    values = NOWHERE | {"ROOMTALLY_PORT": str(free_port())} | {variable: str(taken)}
    with pytest.raises(errors.Unavailable) as told:
        check_ports(values)
    assert told.value.detail.startswith(f"Port {taken} on 127.0.0.1 cannot be used")
    assert f"{option} NUMBER or {variable}=NUMBER" in told.value.detail


def test_the_usual_private_port_may_be_taken() -> None:
    with ExitStack() as stack:
        with suppress(OSError):  # taken by somebody else already: as good
            stack.enter_context(socket.create_server(("127.0.0.1", 9100)))
        check_ports(NOWHERE | {"ROOMTALLY_PORT": str(free_port())})

"""The composed service on a real engine, once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.container.engine import Engine, add_standins, build, private_engine
from tests.container.stack import Stack, free_port
from tests.needs import Part, needs


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    needs(Part.DOCKER)
    running = Engine()
    if running.answers():
        yield running
        return
    with private_engine() as private:
        add_standins(private)
        yield private


@pytest.fixture(scope="session")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Our images built and the whole service up, its EPU folder still empty."""
    stack = Stack(engine, tmp_path_factory.mktemp("facility"), free_port())
    stack.prepare()
    build(engine, *stack.compose)
    try:
        stack.up()
        yield stack
    finally:
        stack.down()

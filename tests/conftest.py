"""Fixtures that several rooms share: one practice tenant, and one running platform."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.end_to_end.company import Company
from tests.end_to_end.stack import Stack, make_stack
from tests.tenant import Tenant, running_tenant


@pytest.fixture(scope="session")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """The practice tenant that the whole test run shares; whoever changes its settings or faults puts them back."""
    with running_tenant(tmp_path_factory.mktemp("tenant")) as started:
        yield started


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole platform, shared by end-to-end and browser tests; it ends by SIGTERM and must leave nothing behind."""
    one = make_stack(tmp_path_factory.mktemp("stack"))
    one.start()
    yield one
    assert one.stop() == 0


@pytest.fixture(scope="session")
def stack_tenant(stack: Stack) -> Tenant:
    """The practice tenant of the whole platform."""
    return Tenant(stack.data_dir, stack.settings.sandbox_port)


@pytest.fixture
async def company(stack: Stack, stack_tenant: Tenant) -> AsyncIterator[Company]:
    """The platform as HR and an administrator see it, and the tenant behind it."""
    async with await stack.sender() as hr, await stack.person("Iam.Admin") as admin:
        yield Company(hr, admin, stack_tenant)

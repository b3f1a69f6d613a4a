"""One running platform for all end-to-end tests."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import Tenant
from tests.end_to_end.company import Company
from tests.end_to_end.stack import Stack, make_stack

__all__ = ["Stack", "company", "stack"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole platform, shared by all end-to-end tests; it ends by SIGTERM and must leave nothing behind."""
    one = make_stack(tmp_path_factory.mktemp("stack"))
    one.start()
    yield one
    assert one.stop() == 0


@pytest.fixture
async def company(stack: Stack) -> AsyncIterator[Company]:
    """The platform as HR and an administrator see it, and the tenant behind it."""
    settings = stack.settings
    async with await stack.sender() as hr, await stack.person("Iam.Admin") as admin:
        yield Company(hr, admin, Tenant(stack.data_dir, settings.sandbox_port))

"""A browser in front of the whole platform."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.end_to_end.stack import Stack

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--font-render-hinting=none",
    "--no-first-run",
]


# Of each module, not of the whole run: as long as Playwright is open its event loop counts as running.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A page of a browser that knows nobody yet; it takes the practice tenant's own authority."""
    context = browser.new_context(
        base_url=stack.settings.ui_url,
        viewport={"width": 1280, "height": 900},
        timezone_id="Europe/Berlin",
        locale="en-GB",
        reduced_motion="reduce",
        ignore_https_errors=True,
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()

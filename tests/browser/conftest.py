"""A real Chromium for the browser tests, which notices faults and calls to the outside."""

from urllib.parse import urlparse

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.find import chromium

expect.set_options(timeout=20_000)  # CI's two cores may be busy


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    if not path:
        pytest.skip("no Chromium is here")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])


@pytest.fixture
def context(browser, app_url):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=app_url.rstrip("/"))
    outside, faults = [], []
    context.on("request", lambda request: outside.append(request.url) if is_outside(request.url) else None)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.route(is_outside, lambda route: route.abort())
    yield context
    context.close()
    assert outside == []
    assert faults == []


def is_outside(url: str) -> bool:
    return urlparse(url).hostname not in ("127.0.0.1", None)

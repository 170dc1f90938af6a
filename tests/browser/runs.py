"""What the browser tests of the tabs that work for long share."""

import re
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import expect

FINISHED = re.compile(r"^\d+ steps in [\d.]+ s\.$")


def opened(context, app_url, demo, state, done=True):
    """A page of that state, its run perhaps done."""
    page = context.new_page()
    page.goto(f"{app_url}?demo={demo}{state}&v=1")
    expect(page.locator(".cn-runner")).to_be_visible()
    if done:
        expect(told(page)).to_have_text(FINISHED)
    return page


def told(page):
    return page.locator(".cn-runner [role=status]")


def press(page, action):
    page.locator(f".cn-runner [data-do={action}]").click()


def shown(page):
    return page.locator(".cn-after").get_attribute("src")


def asked(page):
    return {name: value for name, [value] in parse_qs(urlparse(page.url).query).items()}

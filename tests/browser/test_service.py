"""What a page does when its server is busy, restarts, or dies."""

import re
import signal
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.browser.runs import press, told
from tests.server import free_port, started

pytestmark = pytest.mark.browser

QUICK = "demo=deepdream&net=thin_googlenet&size_px=128&octaves=2&steps=2&v=1"
LONG = "demo=deepdream&net=thin_googlenet&size_px=768&octaves=6&steps=60&v=1"
DONE = re.compile(r"^\d+ steps in ")


def works_again(page):
    """A run and a slider get their answers."""
    page.locator(".cn-knob input").nth(2).fill("1")
    page.locator(".cn-knob input").nth(1).fill("1")
    press(page, "run")
    expect(told(page)).to_have_text(DONE, timeout=60_000)
    page.get_by_role("tab", name="CapsNet").click()
    slider = page.locator(".cn-bank input[type=range]").first
    expect(slider).to_be_enabled()
    slider.fill("0.2")
    expect(page.locator(".cn-foot .cn-ms:visible")).to_have_text(re.compile(r"\d"))
    expect(page.locator(".cn-foot .cn-error:visible")).to_have_count(0)


@contextmanager
def dreaming(context, port):
    """A page in the middle of a dream, and the process of its server."""
    with started(port) as (url, process):
        page = context.new_page()
        page.goto(f"{url}?{LONG}")
        expect(told(page)).to_contain_text("Octave")
        yield page, process


def test_page_hears_of_a_restart_and_goes_on_as_it_is(context):
    port = free_port()
    with dreaming(context, port) as (page, process):
        page.evaluate("window.sameTab = true")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)
        expect(page.locator(".cn-pulse")).to_contain_text("The server is restarting")
        expect(told(page)).to_contain_text("The server went away")
    with started(port):
        expect(page.locator(".cn-pulse")).to_contain_text("The server is back")
        works_again(page)
        assert page.evaluate("window.sameTab")


def test_tab_works_again_after_its_server_was_killed(context):
    """Gradio loads a page anew whose run broke off; what it is set to is in its address."""
    port = free_port()
    with dreaming(context, port) as (page, process):
        process.kill()
        expect(page.locator(".cn-pulse")).to_contain_text("The server does not answer")
    with started(port):
        expect(told(page)).to_contain_text("Octave", timeout=60_000)  # which it runs anew
        press(page, "stop")
        expect(page.locator(".cn-runner [data-do=run]")).to_be_enabled()
        works_again(page)


def test_who_waits_sees_his_place_and_can_give_it_away(context, app_url):
    busy, waiting = context.new_page(), context.new_page()
    busy.goto(f"{app_url}?{LONG}")
    expect(told(busy)).to_contain_text("Octave")
    waiting.goto(f"{app_url}?{QUICK}")
    expect(told(waiting)).to_contain_text("You are next")
    press(waiting, "stop")
    expect(told(waiting)).to_contain_text("Stopped before it began")
    press(busy, "stop")
    expect(busy.locator(".cn-runner [data-do=run]")).to_be_enabled()
    press(waiting, "run")
    expect(told(waiting)).to_have_text(DONE)


def test_closed_tab_lets_the_next_one_run(context, app_url):
    busy, waiting = context.new_page(), context.new_page()
    busy.goto(f"{app_url}?{LONG}")
    expect(told(busy)).to_contain_text("Octave")
    waiting.goto(f"{app_url}?{QUICK}")
    expect(told(waiting)).to_contain_text("You are next")
    busy.close()
    expect(told(waiting)).to_have_text(DONE)


def test_film_waits_for_the_dream_of_another_and_says_so(context, app_url):
    page, busy = context.new_page(), context.new_page()
    page.goto(f"{app_url}?{QUICK}")
    expect(told(page)).to_have_text(DONE)
    busy.goto(f"{app_url}?{LONG}")
    expect(told(busy)).to_contain_text("Octave")
    page.locator("[data-keep=gif]").click()
    foot = page.locator(".cn-foot .cn-error:visible")
    expect(foot).to_contain_text("You are next")
    foot.get_by_role("button", name="Stop").click()
    expect(foot).to_have_count(0)
    press(busy, "stop")
    with page.expect_download() as download:
        page.locator("[data-keep=mp4]").click()
    assert download.value.suggested_filename == "deepdream.mp4"

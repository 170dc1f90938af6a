"""Markup: whatever a visitor writes, in an address, a value or a file's name, comes back as words and runs nowhere."""

import json
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import expect

from demos import DEMOS
from tests.browser.conftest import browser, context  # noqa: F401  the real Chromium that notices calls to the outside

RUN = "window.pwned=(window.pwned||0)+1"
PAYLOADS = {
    "image": f"<img src=x onerror={RUN}>",
    "SVG": f"<svg onload={RUN}></svg>",
    "script": f"<script>{RUN}</script>",
    "out of a quote": f'" autofocus onfocus={RUN} x="',
    "out of an apostrophe": f"' onmouseover={RUN} x='",
    "out of a tag": f'"><img src=x onerror={RUN}>',
    "out of a script": f"</script><script>{RUN}</script>",
    "out of a title": f"</title></style></textarea><img src=x onerror={RUN}>",
    "link": f"<a id=evil href=javascript:{RUN}>press</a>",
    "Markdown link": f"[press](javascript:{RUN}) ![x](http://198.51.100.7/x.png)",
    "template": "${" + RUN + "}",
    "expression": "{{" + RUN + "}}$$" + RUN + "$$",
    "style": f"<style>*{{background:url(http://198.51.100.7/)}}</style>);background:url(javascript:{RUN})",
    "entities": "&lt;img src=x onerror=" + RUN + "&gt;&#60;img src=x onerror=" + RUN + "&#62;",
    "a page in an address": f"data:text/html,<script>{RUN}</script>",
    "right to left": f'\u202e\u2066>"<iframe srcdoc="<script>parent.{RUN}</script>">\u2069',
}
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# What is sent from the page has the payload in the place of every value, once there is one.
EVIL = """
const fetched = window.fetch;
window.fetch = (address, options) => {
  if (window.evil && typeof options?.body === 'string' && options.body.startsWith('{"')) {
    const sent = JSON.parse(options.body), { evil } = window;
    const kept = new Set(['run', 'begun']);
    const spoilt = (value) => (Array.isArray(value) ? value.map(spoilt) : value && typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, kept.has(name) ? part : evil])) : evil);
    if ('data' in sent) options = { ...options, body: JSON.stringify({ ...sent, data: spoilt(sent.data) }) };
  }
  return fetched(address, options);
};
"""
# What a first press in each tab sends to the server.
PRESS = {
    "capsnet": ".cn-bar",
    "infogan": ".cn-of-digits [role=radio]",
    "deepdream": "[data-do=run]",
    "style": "[data-do=run]",
    "yolo": ".cn-thumbs button",
    "eigenfaces": ".cn-thumbs button",
}
QUICK = {"deepdream": {"steps": 1, "octaves": 1, "size_px": 128}, "style": {"iterations": 5, "size_px": 128}}
LINKS = """() => ['href', 'src', 'action', 'formaction', 'data'].flatMap((name) =>
  [...document.querySelectorAll(`[${name}]`)].map((part) => new URL(part.getAttribute(name), location).protocol))"""
# Parts of the page that can only have come from a payload.
PARTS = """() => [...document.querySelectorAll('*')].filter((part) => part.id === 'evil' || part.hasAttribute('srcdoc')
  || [...part.attributes].some(({ name, value }) => name.startsWith('on') && value.includes('pwned')))
  .map((part) => part.outerHTML.slice(0, 200))"""


@pytest.fixture
def page(context):  # noqa: F811
    """A page that tells what opened over it."""
    page = context.new_page()
    page.dialogs = []
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(EVIL)
    return page


def nothing_ran(page):
    """Whether no markup of a visitor's became a part of the page."""
    safe = {"http:", "https:", "blob:", "data:"}
    assert page.evaluate("window.pwned") is None
    assert page.dialogs == []
    assert page.evaluate(PARTS) == []
    assert set(page.evaluate(LINKS)) <= safe


def opened(page, app_url, demo, state):
    query = urllib.parse.urlencode({**state, "demo": demo, "v": 1})
    page.goto(f"{app_url}?{query}", wait_until="domcontentloaded")
    expect(page.locator(".cn-foot >> visible=true").first).to_be_visible()


def all_hostile(demo, payload):
    """Every parameter of a demo, and some that nobody has, with this value."""
    names = [*demo.params.model_fields, "view", "__theme", "deep_link", payload]
    return dict.fromkeys(names, payload)


# --- through the address --------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("number", "payload"), list(enumerate(PAYLOADS.values())), ids=PAYLOADS)
def test_nothing_in_an_address_runs(page, app_url, number, payload):
    demo = DEMOS[number % len(DEMOS)]
    opened(page, app_url, demo.slug, all_hostile(demo, payload))
    page.locator("#mast [data-do=qr]").click()
    link = page.locator(".cn-qr-link a")
    expect(link).to_have_attribute("href", urllib.parse.urljoin(app_url, link.get_attribute("href")))
    nothing_ran(page)


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_no_parameter_brings_back_what_an_address_says(app_url, demo):
    with DIRECT.open(f"{app_url}config", timeout=60) as answer:
        events = json.load(answer)["dependencies"]
    restore = next(part["id"] for part in events if part["backend_fn"] and not part["queue"] and not part["inputs"])
    for payload in PAYLOADS.values():
        query = urllib.parse.urlencode({"demo": demo.slug, **all_hostile(demo, payload)})
        told = sent(f"{app_url}gradio_api/run/predict?{query}", {"data": [], "fn_index": restore, "session_hash": "x"})
        assert payload not in json.dumps(told)
        assert RUN not in json.dumps(told)


def test_the_page_itself_holds_nothing_of_its_address(app_url):
    for payload in PAYLOADS.values():
        query = urllib.parse.urlencode({"demo": payload, payload: payload, "__theme": payload, "deep_link": payload})
        with DIRECT.open(f"{app_url}?{query}", timeout=60) as answer:
            assert RUN not in answer.read().decode()


def sent(address, body):
    """What the server tells."""
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with DIRECT.open(request, timeout=60) as answer:
        assert answer.headers.get_content_type() == "application/json"
        return json.load(answer)


# --- in the sentences of refusals -----------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_a_refusal_in_the_foot_shows_markup_as_words(page, app_url, demo):
    opened(page, app_url, demo.slug, QUICK.get(demo.slug, {}))
    press, told = (
        page.locator(f"{PRESS[demo.slug]} >> visible=true"),
        page.locator(".cn-foot .cn-error >> visible=true"),
    )
    expect(press.first).to_be_enabled()  # tabs that work for long do so at once
    shown = 0
    for number, payload in enumerate(PAYLOADS.values()):
        page.evaluate("evil => { window.evil = evil; }", payload)
        press.nth(number % press.count()).click()
        expect(told).to_contain_text("must")
        expect(press.first).to_be_enabled()
        shown += RUN in told.inner_text()
        nothing_ran(page)
    assert shown


def test_the_api_tells_refusals_without_markup(app_url):
    with DIRECT.open(f"{app_url}gradio_api/info", timeout=60) as answer:
        functions = json.load(answer)["named_endpoints"]
    for name, function in functions.items():
        for payload in PAYLOADS.values():
            call = f"{app_url}gradio_api/call{name}"
            event = sent(call, {"data": [payload] * len(function["parameters"])})["event_id"]
            with DIRECT.open(f"{call}/{event}", timeout=60) as stream:
                told = stream.read().decode()
            assert "event: error" in told
            assert "<" not in told
            assert "must" in told


# --- in the names of files ------------------------------------------------------------------------


@pytest.mark.browser
def test_the_name_of_a_file_runs_nowhere(page, app_url):
    opened(page, app_url, "capsnet", {})
    chooser = page.locator("input[type=file]").first
    for payload in PAYLOADS.values():
        chooser.set_input_files(
            {"name": f"{payload.replace('/', ':')}.png", "mimeType": "image/png", "buffer": b"none"}
        )
        expect(page.get_by_role("alert")).to_contain_text("not a picture the browser can open")
        nothing_ran(page)

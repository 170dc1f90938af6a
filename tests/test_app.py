"""What holds for every tab, present and to come."""

import json
import subprocess
import sys
import urllib.request

import pytest
from gradio_client import Client

from demos import DEMOS
from tests.server import ROOT


@pytest.fixture(scope="module")
def client(app_url):
    return Client(app_url, verbose=False, analytics_enabled=False)


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_every_parameter_has_help(demo):
    for name, field in demo.params.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_every_tab_answers_on_the_api(demo, client):
    endpoint = client.view_api(return_format="dict", print_info=False)["named_endpoints"][f"/{demo.slug}"]
    asked = {parameter["parameter_name"] for parameter in endpoint["parameters"]}
    values = demo.params().model_dump(include=asked, exclude_none=True)
    assert values
    assert client.predict(**values, api_name=f"/{demo.slug}")


def test_only_the_tabs_functions_are_public(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {f"/{demo.slug}" for demo in DEMOS}


def test_page_holds_every_tab_in_order(app_url):
    with urllib.request.urlopen(app_url + "config") as answer:
        parts = json.load(answer)["components"]
    assert [part["props"]["label"] for part in parts if part["type"] == "tabitem"] == [demo.title for demo in DEMOS]


def test_page_names_itself(app_url):
    with urllib.request.urlopen(app_url) as page:
        assert "Classic Nets" in page.read().decode()


def test_command_line_tells_its_options():
    told = subprocess.run([sys.executable, "app.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for option in ("--host", "--port", "--share", "--offline"):
        assert option in told.stdout

"""The page as it is served: made once, sent small, alive."""

import asyncio
import json
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from demos.serving import pulse
from demos.serving.counts import Counts
from demos.serving.files import picture, published
from demos.serving.memory import MOST_KEPT, Memory


@pytest.fixture
def made():
    """An app that notes what it was asked, behind a memory; a client of it."""
    asked: list[Request] = []

    async def answer(request: Request) -> JSONResponse:
        asked.append(request)
        return JSONResponse({"host": request.headers["host"], "query": str(request.query_params), "long": "x" * 5000})

    app = Memory(Starlette(routes=[Route("/", answer), Route("/other", answer)]))
    return asked, lambda *paths, **headers: asyncio.run(fetched(app, paths, headers))


async def fetched(app, paths, headers):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hall") as client:
        return [await client.get(path, headers=headers) for path in paths]


def test_page_is_made_once_and_without_the_visitors_query(made):
    asked, get = made
    answers = get("/", "/?demo=yolo", "/?deep_link=../../etc/passwd")
    assert len(asked) == 1
    assert all(answer.json()["query"] == "" for answer in answers)


def test_page_is_made_for_each_host(made):
    asked, get = made
    assert get("/", host="a")[0].json()["host"] == "a"
    assert get("/", host="b")[0].json()["host"] == "b"
    assert len(asked) == 2


def test_memory_of_pages_is_bounded(made):
    asked, get = made
    for number in range(3 * MOST_KEPT):
        get("/", host=f"h{number}")
    get("/", host="h0")
    assert len(asked) == 3 * MOST_KEPT + 1


def test_page_that_failed_is_not_remembered():
    answers = iter([JSONResponse({}, 500), JSONResponse({}, 500), JSONResponse({"well": True})])

    async def answer(_: Request) -> JSONResponse:
        return next(answers)

    app = Memory(Starlette(routes=[Route("/", answer)]))
    first, second = asyncio.run(fetched(app, ["/", "/"], {}))
    assert (first.status_code, second.json()) == (500, {"well": True})


def test_page_comes_compressed_and_not_again_to_who_has_it(made):
    _, get = made
    [first] = get("/", **{"accept-encoding": "gzip"})
    assert int(first.headers["content-length"]) < 500
    assert len(first.json()["long"]) == 5000
    [again] = get("/", **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    [plain] = get("/", **{"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_everything_else_is_made_each_time(made):
    asked, get = made
    get("/other", "/other")
    assert len(asked) == 2


def test_real_page_is_small_and_names_no_picture_twice(app_url):
    with httpx.Client(trust_env=False) as client:
        page = client.get(app_url, headers={"accept-encoding": "gzip"})
    assert int(page.headers["content-length"]) < 200_000
    assert "data:image/jpeg" not in page.text


def test_picture_of_ours_is_sent_once_for_ever():
    name = published(b"jpeg").removeprefix("pictures/")
    answer = asyncio.run(picture(SimpleNamespace(path_params={"name": name})))
    assert (answer.body, "immutable" in answer.headers["cache-control"]) == (b"jpeg", True)
    assert published(b"jpeg").endswith(name)


def test_health_is_a_real_run_of_a_net(monkeypatch):
    def told():
        answer = asyncio.run(pulse.health(None))
        return answer.status_code, json.loads(answer.body)["healthy"]

    assert told() == (200, True)
    with monkeypatch.context() as patch:
        patch.setattr(pulse.capsnet, "reconstruct", lambda *_: pulse.torch.full((1, 28, 28), float("nan")))
        assert told() == (503, False)
        patch.setattr(pulse.capsnet, "reconstruct", lambda *_: 1 / 0)
        assert told() == (503, False)
    assert told() == (200, True)


def test_counts_are_told_as_prometheus_reads_them():
    counts = Counts()
    for seconds in (0.0005, 0.02, 0.02, 1000.0):
        counts.add("widget", "200", seconds)
    lines = counts.text().splitlines()
    assert 'classic_nets_ended_total{what="widget",ended="200"} 4' in lines
    assert 'classic_nets_seconds_bucket{what="widget",le="0.03"} 3' in lines
    assert 'classic_nets_seconds_bucket{what="widget",le="300.0"} 3' in lines
    assert 'classic_nets_seconds_bucket{what="widget",le="+Inf"} 4' in lines


def test_metrics_are_told_only_where_they_are_asked_for(app_url):
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{app_url}metrics").status_code == 404
    assert "/metrics" in [route.path for route in pulse.routes(counted=True)]

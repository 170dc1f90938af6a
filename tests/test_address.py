"""Links: what they restore, what they refuse, and those of version 1, which open for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos import DEMOS
from demos.address import params_from_query, text_of
from models.capsnet import CapsNetParams
from models.deepdream import DeepDreamParams
from models.infogan import InfoGANParams
from models.strokes import ready_digits

FIVE = (
    "AAAAAAAAAAAAAAAAAAAAf_gAD_-AAOAAAA4AAADgAAAP-AAA_8AAD_4AAPDwAAAHgA"
    "AAOAAAAcAAABwAAAOAAAA4AAADgAAAeAAcDwAB__AAD_4AAH-AAAAAAAAAAAAAAAA"
)
SEVEN = (
    "AAAAAAAAAAAAAAAAAAAD__gAP_-AAAA4AAAHAAAAcAAADgAAAeAAABwAAAHAAAA4AA"
    "ADgAAAeAAABwAAAHAAAA4AAADgAAAOAAABwAAAHAAAAcAAABgAAAAAAAAAAAAAAAA"
)

# Links handed out in lectures: never change or remove one, only add.
VERSION_1 = [
    ("demo=capsnet&v=1", {"drawing": FIVE, "capsule": None, "offsets": (0.0,) * 16}),
    (f"demo=capsnet&drawing={SEVEN}&v=1", {"drawing": SEVEN}),
    ("demo=capsnet&capsule=3&v=1", {"capsule": 3}),
    (
        "demo=capsnet&offsets=0.25,0,0,-0.05,0,0,0,0,0,0,0,0,0,0,0,-0.25&v=1",
        {"offsets": (0.25, 0, 0, -0.05, *(0,) * 11, -0.25)},
    ),
    (
        "demo=infogan&v=1",
        {"digit": 2, "styles": (0, 0), "noise": 7, "locked": True, "figure": None, "walk": None, "drawing": FIVE},
    ),
    ("demo=infogan&digit=4&styles=2,-2&v=1", {"digit": 4, "styles": (2, -2)}),
    ("demo=infogan&digit=8&styles=-0.4,0.35&noise=9999&locked=false&v=1", {"noise": 9999, "locked": False}),
    ("demo=infogan&figure=twin&v=1", {"figure": "twin"}),
    ("demo=infogan&walk=around&v=1", {"walk": "around"}),
    ("demo=infogan&checkpoint=4&v=1", {"checkpoint": 4}),
    (f"demo=infogan&drawing={SEVEN}&v=1", {"drawing": SEVEN}),
    (
        "demo=deepdream&v=1",
        {"net": "googlenet", "layer": None, "channels": (), "strength": 1.5, "octaves": 4, "steps": 10, "seed": 0},
    ),
    ("demo=deepdream&layer=inception_3b/5x5_reduce&v=1", {"excited": "inception_3b/5x5_reduce"}),
    (
        "demo=deepdream&picture=lion&layer=inception_4d/output&jitter=false&v=1",
        {"picture": "lion", "layer": "inception_4d/output", "jitter": False},
    ),
    (
        "demo=deepdream&picture=noise&channels=13,77&strength=2.5&octaves=6&steps=20&octave_scale=1.3&v=1",
        {"picture": "noise", "channels": (13, 77), "strength": 2.5, "octaves": 6, "steps": 20, "octave_scale": 1.3},
    ),
    (
        "demo=deepdream&guide=galaxies&pyramid=false&normalised=false&size_px=512&seed=7&turns=24&v=1",
        {"guide": "galaxies", "pyramid": False, "normalised": False, "size_px": 512, "seed": 7, "turns": 24},
    ),
    ("demo=deepdream&net=inception_v3&layer=Mixed_6b&v=1", {"net": "inception_v3", "layer": "Mixed_6b"}),
    ("demo=deepdream&net=inception_v3&layer=inception_4c/output&v=1", {"layer": None}),
    (
        "demo=style&content=coffee&style=waves&log_ratio=-3.5&v=1",
        {"content": "coffee", "style": "waves", "log_ratio": -3.5},
    ),
    (
        "demo=style&matched=style&start=noise&layer_weights=1,0.5,0,0,0&scales=3&seed=4&v=1",
        {"matched": "style", "start": "noise", "layer_weights": (1, 0.5, 0, 0, 0), "scales": 3, "seed": 4},
    ),
    ("demo=style&layer_weights=0,0,0,0,0&content_layer=conv9_9&v=1", {"layer_weights": (1,) * 5}),
    (
        "demo=style&second=starry_night&blend=0.3&colours=luminance&style_scale=1.5&size_px=512&iterations=300&v=1",
        {"second": "starry_night", "blend": 0.3, "colours": "luminance", "style_scale": 1.5, "iterations": 300},
    ),
    (
        "demo=style&net=vgg19&optimizer=Adam&pooling=max&content_layer=conv2_2&variation=0&v=1",
        {"net": "vgg19", "optimizer": "Adam", "pooling": "max", "content_layer": "conv2_2", "variation": 0},
    ),
    (
        "demo=yolo&picture=cat&net=street&score=0.3&overlap=0.45&method=gaussian&classwise=false&v=1",
        {"picture": "cat", "net": "street", "score": 0.3, "overlap": 0.45, "method": "gaussian", "classwise": False},
    ),
    (
        "demo=yolo&view=candidates&grid=16&cell=1040&mistake=bgr&v=1",
        {"view": "candidates", "grid": "16", "cell": 1040, "mistake": "bgr"},
    ),
    (
        "demo=yolo&drawing=AYAAwA.AcACcA&view=above&step=3&truth=7,10,20,40,80&v=1",
        {"drawing": "AYAAwA.AcACcA", "view": "above", "step": 3, "truth": (7, 10, 20, 40, 80)},
    ),
    ("demo=yolo&drawing=&picture=board&pair=0,0,10,10,5,5,320,150&v=1", {"drawing": "", "picture": "board"}),
    ("demo=yolo&drawing=AYAAw&truth=7,10&grid=64&score=nan&v=1", {"truth": (), "grid": None, "score": 0.6}),
    ("demo=eigenfaces&k=5&v=1", {"k": 5, "picture": "face_23_1"}),
    ("demo=eigenfaces&angle=180&v=1", {"angle": 180}),
    ("demo=eigenfaces&picture=sampled_1234&moves=0,0,-1.5,0,0,0,0,3&v=1", {"picture": "sampled_1234"}),
    (
        "demo=eigenfaces&picture=astronaut&place=map2&across=0.05&down=-0.1&zoom=1.2&angle=-8&level=false&v=1",
        {"picture": "astronaut", "place": "map2", "across": 0.05, "down": -0.1, "zoom": 1.2, "level": False},
    ),
    ("demo=eigenfaces&cover=&ink=noise&v=1", {"cover": "", "ink": "noise"}),
    (
        "demo=eigenfaces&limits=12.5,30&measure=whitened_cosine&dropped=true&shifted=false&v=1",
        {"limits": (12.5, 30), "measure": "whitened_cosine", "dropped": True, "shifted": False},
    ),
    ("demo=eigenfaces&picture=face_41_1&k=0&cover=AAAA&limits=1&v=1", {"picture": "face_23_1", "k": 40}),
]


def query(link: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in link.split("&"))


@pytest.mark.parametrize(("link", "state"), VERSION_1)
def test_links_of_version_1_open_for_ever(link, state):
    asked = query(link)
    [demo] = [demo for demo in DEMOS if demo.slug == asked["demo"]]
    params = params_from_query(demo.params, asked)
    for name, value in state.items():
        assert getattr(params, name) == value


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_every_parameter_survives_its_own_link(demo):
    defaults = demo.params()
    asked = {name: text_of(getattr(defaults, name)) for name in demo.params.model_fields}
    assert params_from_query(demo.params, {name: text for name, text in asked.items() if text}) == defaults


@pytest.mark.parametrize(
    "hostile",
    [
        {"capsule": "10"},
        {"capsule": "<script>alert(1)</script>"},
        {"capsule": "nan", "offsets": "nan," * 15 + "nan"},
        {"offsets": "0.3" + ",0" * 15},
        {"offsets": "0,0"},
        {"offsets": "0," * 100_000},
        {"drawing": "A" * 130},
        {"drawing": "A" * 100_000},
        {"drawing": "../../../../etc/passwd"},
        {"drawing": "ß" * 131},
        {"unknown": "1"},
    ],
)
def test_hostile_values_keep_their_defaults(hostile):
    assert params_from_query(CapsNetParams, hostile) == CapsNetParams()


@pytest.mark.parametrize(
    "hostile",
    [
        {"digit": "10", "styles": "3,0", "noise": "-1", "checkpoint": "10"},
        {"digit": "two", "styles": "inf,nan", "noise": "1e9", "locked": "perhaps"},
        {"styles": "0", "figure": "c9", "walk": "../c1", "drawing": "A"},
    ],
)
def test_hostile_codes_keep_their_defaults(hostile):
    assert params_from_query(InfoGANParams, hostile) == InfoGANParams()


@pytest.mark.parametrize(
    "hostile",
    [
        {"picture": "../lion.jpg", "guide": "http://127.0.0.1/", "mask": "data:text/html,x"},
        {"net": "pickle", "layer": "inception_9z", "channels": "a,b", "size_px": "100000", "seed": "-1"},
        {"channels": ",".join(["1"] * 17), "strength": "nan", "octaves": "0", "steps": "1e9", "jitter": "maybe"},
    ],
)
def test_hostile_dreams_keep_their_defaults(hostile):
    assert params_from_query(DeepDreamParams, hostile) == DeepDreamParams()


def test_one_wrong_value_leaves_the_others():
    asked = {"capsule": "11", "drawing": ready_digits()[1].drawing}
    assert params_from_query(CapsNetParams, asked) == CapsNetParams(drawing=ready_digits()[1].drawing)


@given(st.dictionaries(st.sampled_from(["capsule", "offsets", "drawing", "v"]), st.text(max_size=200)))
def test_no_query_breaks_a_page(asked):
    params_from_query(CapsNetParams, asked)

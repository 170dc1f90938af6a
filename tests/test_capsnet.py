"""The CapsNet: its net against the paper, its pictures against MNIST, its recipe, its answers."""

import asyncio

import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

from demos import capsnet as demo
from models import capsnet, digits
from models.nets.capsnet import CapsNet, margin_loss, reconstruction_loss, routing, squash
from models.strokes import ready_digits, text_from_dots
from weights.train.capsnet import shift, training_loss
from weights.train.mnist import load_mnist
from weights.train.recipe import Checkpoint

FIVE = ready_digits()[0].drawing
EMPTY = text_from_dots(np.zeros((28, 28)))


@pytest.fixture(scope="module")
def net():
    return capsnet.load()[0]


@pytest.fixture(scope="module")
def seven(net):
    """What the net reads in a plain seven."""
    [drawing] = [ready.drawing for ready in ready_digits() if ready.remark == "A plain 7"]
    return capsnet.classify(net, digits.prepare_drawing(drawing))


# --- the net --------------------------------------------------------------------------------------


def test_net_has_the_papers_parameters():
    net = CapsNet()
    assert sum(parameter.numel() for parameter in net.parameters()) == 8_215_568
    assert sum(parameter.numel() for parameter in net.decoder.parameters()) == 1_411_344


def test_squash_keeps_direction_and_bounds_length():
    assert torch.allclose(squash(torch.tensor([3.0, 4.0])), torch.tensor([3.0, 4.0]) / 5 * 25 / 26)


def test_squash_has_a_gradient_at_zero():
    vector = torch.zeros(16, requires_grad=True)
    squash(vector).sum().backward()
    assert vector.grad.isfinite().all()


def routing_as_printed(votes: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """Procedure 1 of the paper, symbol by symbol, in float64 for one picture's votes (J, I, D)."""
    b = np.zeros(votes.shape[:2])
    for _ in range(iterations):
        c = np.exp(b) / np.exp(b).sum(axis=0)
        v = np.zeros((votes.shape[0], votes.shape[2]))
        for j in range(len(v)):
            s = sum(c[j, i] * votes[j, i] for i in range(votes.shape[1]))
            norm = np.sqrt((s * s).sum())
            v[j] = norm**2 / (1 + norm**2) * s / norm
        for j in range(len(v)):
            for i in range(votes.shape[1]):
                b[j, i] += votes[j, i] @ v[j]
    return v, c


@pytest.mark.parametrize("iterations", [1, 2, 3, 5])
def test_routing_does_what_the_paper_prints(iterations):
    votes = np.random.default_rng(0).normal(size=(4, 12, 6))
    expected, couplings = routing_as_printed(votes, iterations)
    poses, coupled = routing(torch.from_numpy(votes).float()[None], iterations)
    assert np.allclose(poses[0], expected, atol=1e-5)
    assert np.allclose(coupled[-1][0], couplings, atol=1e-5)
    assert len(coupled) == iterations


def test_couplings_share_out_each_capsule():
    _, couplings = routing(torch.randn(2, 10, 30, 16, generator=torch.Generator().manual_seed(0)))
    for coupling in couplings:
        assert torch.allclose(coupling.sum(dim=1), torch.ones(2, 30))


def test_routing_needs_an_iteration():
    with pytest.raises(ValueError, match="iterations must be at least 1, got 0"):
        routing(torch.zeros(1, 10, 4, 16), 0)


def test_margin_loss_is_the_papers():
    lengths = torch.tensor([[0.8, 0.3, 0.05]])
    lengths = torch.cat([lengths, torch.zeros(1, 7)], dim=1)
    assert margin_loss(lengths, torch.tensor([0])).item() == pytest.approx(0.1**2 + 0.5 * 0.2**2)


def test_reconstruction_loss_sums_over_a_picture():
    assert reconstruction_loss(torch.ones(2, 1, 28, 28), torch.zeros(2, 1, 28, 28)).item() == pytest.approx(0.392)


def test_reconstruction_sees_one_capsule_only():
    net, poses = CapsNet(), torch.randn(1, 10, 16)
    other = poses.clone()
    other[0, 3] += 1
    digit = torch.tensor([7])
    assert torch.equal(net.reconstruct(poses, digit), net.reconstruct(other, digit))


def test_five_steps_lower_the_loss():
    torch.manual_seed(0)
    net = CapsNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)
    plain = ready_digits()[:10]
    pictures = torch.cat([digits.prepare_drawing(ready.drawing) for ready in plain])
    labels = torch.tensor([ready.meant for ready in plain])
    losses = []
    for _ in range(6):
        loss = training_loss(net, pictures, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


# --- what the trained net makes of them -----------------------------------------------------------


@pytest.mark.parametrize(
    "ready", [ready for ready in ready_digits() if "plain" in ready.remark], ids=lambda r: r.remark
)
def test_plain_digits_are_read_as_meant(net, ready):
    assert capsnet.classify(net, digits.prepare_drawing(ready.drawing)).digit == ready.meant


def test_some_ready_digit_is_misread(net):
    read = {ready: capsnet.classify(net, digits.prepare_drawing(ready.drawing)).digit for ready in ready_digits()}
    assert any(ready.meant not in (None, digit) for ready, digit in read.items())


def test_real_test_digits_are_read(net, nets_data):
    pictures, digits = load_mnist("test", nets_data / "data" / "mnist")
    with torch.inference_mode():
        read = net(pictures[:500].float() / 255).norm(dim=2).argmax(dim=1)
    assert (read != digits[:500]).float().mean() < 0.02


def test_reconstruction_looks_like_the_digit(net, seven):
    right, wrong = (capsnet.reconstruct(net, digit, seven.poses[digit][None])[0] for digit in (7, 0))
    assert (right - seven.given).square().sum() < (wrong - seven.given).square().sum() / 2


def test_sweep_is_the_papers_figure(net, seven):
    pictures = capsnet.sweep(net, 7, seven.poses[7])
    middle = capsnet.reconstruct(net, 7, seven.poses[7][None])
    moved = seven.poses[7].clone()
    moved[4] += 0.25
    assert pictures.shape == (16, 11, 28, 28)
    assert torch.allclose(pictures[:, 5], middle.expand(16, -1, -1), atol=1e-5)
    assert torch.allclose(pictures[4, 10], capsnet.reconstruct(net, 7, moved[None])[0], atol=1e-5)


def test_same_drawing_same_answer(net, seven):
    again = capsnet.classify(net, seven.given[None, None])
    assert torch.equal(again.poses, seven.poses)


def bar(width: int, lean: float = 0.0, left: int = 12) -> torch.Tensor:
    picture = torch.zeros(28, 28)
    for row in range(4, 24):
        start = left + round(lean * (14 - row))
        picture[row, start : start + width] = 1
    return picture


@pytest.mark.parametrize(
    ("low", "high", "name"),
    [
        (bar(2), bar(5), "thickness"),
        (bar(3, lean=-0.4), bar(3, lean=0.4), "slant"),
        (bar(3, left=8), bar(3, left=16), "x position"),
        (bar(3), bar(3), None),
    ],
)
def test_dimensions_are_named_by_what_they_do(low, high, name):
    ends = torch.stack([low, high]).expand(16, 2, 28, 28)
    assert capsnet.name_dimensions(ends) == [name] * 16


# --- the recipe -----------------------------------------------------------------------------------


def test_shift_moves_by_whole_pixels_and_loses_no_inner_ink():
    pictures = torch.zeros(50, 1, 28, 28)
    pictures[:, 0, 10:12, 10:12] = 1
    moved = shift(pictures, torch.Generator().manual_seed(0))
    assert moved.shape == pictures.shape
    assert torch.equal(moved.sum(dim=(1, 2, 3)), torch.full((50,), 4.0))
    corners = moved[:, 0].flatten(1).argmax(dim=1)
    assert set((corners // 28).tolist()) == set((corners % 28).tolist()) == {8, 9, 10, 11, 12}


def test_interrupted_training_goes_on_as_if_nothing_had_happened(tmp_path):
    def steps(net, optimizer, generator, count):
        for _ in range(count):
            optimizer.zero_grad()
            net(torch.randn(4, 3, generator=generator)).square().sum().backward()
            optimizer.step()

    def beginning():
        torch.manual_seed(0)
        net = torch.nn.Linear(3, 2)
        return net, torch.optim.Adam(net.parameters()), torch.Generator().manual_seed(0)

    whole, optimizer, generator = beginning()
    steps(whole, optimizer, generator, 6)
    checkpoint = Checkpoint(tmp_path / "training.pt")
    net, optimizer, generator = beginning()
    steps(net, optimizer, generator, 3)
    checkpoint.save({"net": net, "optimizer": optimizer}, generator, 1)
    net, optimizer, generator = beginning()
    assert checkpoint.load({"net": net, "optimizer": optimizer}, generator) == 1
    steps(net, optimizer, generator, 3)
    assert torch.equal(net.weight, whole.weight)


def test_other_pictures_than_mnist_are_refused(nets_data, tmp_path):
    for path in (nets_data / "data" / "mnist").glob("t10k-*"):
        (tmp_path / path.name.replace("t10k", "train")).write_bytes(path.read_bytes())
    with pytest.raises(ValueError, match="the train pictures must have sha256"):
        load_mnist("train", tmp_path)


# --- the tab --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(app_url):
    return Client(app_url, verbose=False, analytics_enabled=False)


def test_api_reads_and_decodes(client):
    answer = client.predict(drawing=ready_digits()[0].drawing, capsule=3, api_name="/capsnet")
    assert (answer["digit"], answer["decoded"], len(answer["lengths"])) == (5, 3, 10)
    assert np.array(answer["picture"]).shape == (28, 28)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"drawing": EMPTY}, "empty canvas"),
        ({"drawing": "<b>x</b>"}, "drawing must be 131 base64url characters, got 8 characters"),
        ({"drawing": ready_digits()[0].drawing, "capsule": 12}, "capsule must be less than or equal to 9, got 12"),
        (
            {"drawing": ready_digits()[0].drawing, "offsets": [9.0] * 16},
            "offsets.0 must be less than or equal to 0.25, got 9.0",
        ),
    ],
)
def test_bad_values_get_a_sentence(client, values, message):
    with pytest.raises(AppError, match=message):
        client.predict(**values, api_name="/capsnet")


def test_slider_asks_for_the_decoder_only(seven):
    still = asyncio.run(demo.decode({"digit": 7, "pose": seven.poses[7].tolist()}))
    moved = asyncio.run(demo.decode({"digit": 7, "pose": seven.poses[7].tolist(), "offsets": [0.25] * 16}))
    assert still["picture"] != moved["picture"]


@pytest.mark.parametrize(
    "request_", [None, [], "x", 3, {"params": 1}, {"digit": 7}, {"digit": 7, "pose": ["nan"] * 16}]
)
def test_hostile_calls_get_a_sentence(request_):
    assert asyncio.run(demo.decode(request_))["error"]
    assert demo.sheet(request_)["error"]

"""The nets that dream: architectures, the files they come in, and what is told when one is not to be had."""

import copy
import hashlib
import io

import onnx
import pytest
import torch
import torchvision
from onnx import helper, numpy_helper
from safetensors.torch import save

import weights
from models import recognisers
from models.fold import fold
from models.nets.chain import Chain
from models.nets.googlenet import MIRRORED, GoogLeNet, ThinGoogLeNet, local_response_normalised
from models.nets.vgg import CONVOLUTIONS, MEAN_RGB, STD_RGB, THIN_WIDTHS, VGG19, balance
from models.painters import photographs
from models.recognisers import LAYERS
from tests.mirror import Mirror
from weights.files import File, OnnxFile, TorchvisionFile, digest
from weights.manifest import BVLC_GOOGLENET, VGG19_TO_RELU3_1


@pytest.fixture(scope="module")
def googlenet():
    torch.manual_seed(0)
    return GoogLeNet().eval()


PICTURES = torch.rand(2, 3, 96, 80, generator=torch.Generator().manual_seed(0))


# --- architecture -------------------------------------------------------------------------------------


def test_googlenet_has_the_papers_parameters(googlenet):
    assert sum(parameter.numel() for parameter in googlenet.parameters()) == 6_998_552


def test_nothing_is_computed_beyond_the_deepest_layer(googlenet):
    ran = []
    hooks = [part.register_forward_hook(lambda *_, n=n: ran.append(n)) for n, part in googlenet.named_modules() if n]
    googlenet(PICTURES, ["inception_3b/5x5_reduce"])
    for hook in hooks:
        hook.remove()
    assert "inception3b.branch3.0" in ran
    assert not any(name.startswith(("inception3b.branch3.1", "inception3b.branch4", "inception4")) for name in ran)


def test_an_unknown_layer_is_refused(googlenet):
    with pytest.raises(ValueError, match="layers must be layers of the net, got inception_9z"):
        googlenet(PICTURES, ["inception_9z"])


def test_smallest_picture_passes_the_whole_net(googlenet):
    assert googlenet(torch.rand(1, 3, 32, 32))["logits"].shape == (1, 1000)


def test_pictures_in_come_as_rgb_from_0_to_1(googlenet):
    seen = []
    hook = googlenet.conv1.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    googlenet(torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1).expand(1, 3, 32, 32), ["conv1/7x7_s2"])
    hook.remove()
    assert seen[0][0, :, 0, 0].tolist() == [0 - 104, 127.5 - 117, 255 - 123]


def test_response_normalisation_is_torchs():
    features = 50 * torch.randn(2, 12, 5, 6, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(local_response_normalised(features), torch.nn.LocalResponseNorm(5)(features), rtol=1e-5)


def test_thin_net_has_the_whole_nets_channels_where_it_mirrors_it(googlenet):
    thin = ThinGoogLeNet()
    for layer in MIRRORED:
        assert thin(PICTURES, [layer])[layer].shape == googlenet(PICTURES, [layer])[layer].shape


def test_folding_keeps_names_and_answers():
    torch.manual_seed(0)
    net = ThinGoogLeNet(normalised=True)
    net(torch.rand(8, 3, 64, 64))  # gives the normalisations something to remember
    whole = net.eval()(PICTURES, ["inception_4d/output", "logits"])
    folded = ThinGoogLeNet().eval()
    folded.load_state_dict(fold(net).state_dict())
    for layer, answer in folded(PICTURES, ["inception_4d/output", "logits"]).items():
        assert torch.allclose(answer, whole[layer], atol=1e-3 * whole[layer].abs().max().item())


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("torchvision_googlenet", torchvision.models.googlenet),
        ("inception_v3", torchvision.models.inception_v3),
    ],
)
def test_torchvisions_nets_answer_as_they_do_there(name, build):
    torch.manual_seed(0)
    net = build(aux_logits=False, init_weights=False).eval()
    pictures = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        theirs = net(2 * pictures - 1)
        ours = Chain(fold(net), LAYERS[name])(pictures, (*LAYERS[name], "logits"))
    assert list(ours) == [*LAYERS[name], "logits"]
    assert torch.allclose(ours["logits"], theirs, atol=1e-4)


# --- VGG ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vgg():
    torch.manual_seed(0)
    return VGG19(THIN_WIDTHS).eval()


def test_vgg_bears_torchvisions_names_and_answers_as_it_does():
    torch.manual_seed(0)
    theirs = torchvision.models.vgg19(init_weights=False).features[:30].eval()
    ours = VGG19().eval()
    ours.load_state_dict({f"features.{name}": tensor for name, tensor in theirs.state_dict().items()})
    pictures = torch.rand(1, 3, 48, 40)
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (MEAN_RGB, STD_RGB))
    with torch.no_grad():
        expected = {}
        features = (pictures - mean) / std
        names = iter(CONVOLUTIONS)
        for part in theirs:
            features = part(features)
            if isinstance(part, torch.nn.Conv2d):
                expected[name := next(names)] = features.clone()  # its rectifiers work in place
            elif isinstance(part, torch.nn.ReLU):
                expected[name.replace("conv", "relu")] = features.clone()
        answers = ours(pictures, tuple(expected))
    assert list(answers) == list(expected)
    assert len(CONVOLUTIONS) == 13
    for name, answer in answers.items():
        assert torch.allclose(answer, expected[name], atol=1e-5)


def test_vgg_can_end_early(vgg):
    short = VGG19(THIN_WIDTHS, deepest="conv3_1")
    assert list(short.state_dict()) == list(vgg.state_dict())[:10]
    with pytest.raises(ValueError, match="layers must be layers of the net, got conv4_1"):
        short(PICTURES, ["conv4_1"])


def test_balanced_channels_speak_equally_and_nothing_else_changes(vgg):
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    balanced = balance(copy.deepcopy(vgg), pictures)
    names = [name.replace("conv", "relu") for name in CONVOLUTIONS]
    with torch.no_grad():
        before, after = (net(pictures, names) for net in (vgg, balanced))
    for name in names:
        loudness = after[name].mean(dim=(0, 2, 3))
        assert loudness.max() < 1.001
        assert (loudness > 0.999).float().mean() >= 0.5  # the others say next to nothing and are not made louder
        units = before[name].mean(dim=(0, 2, 3)) / loudness.clamp_min(1e-9)
        assert torch.allclose(after[name] * units.view(1, -1, 1, 1), before[name], atol=1e-3 * before[name].max())


def test_balancing_twice_changes_nothing_more(vgg):
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    once = balance(copy.deepcopy(vgg), pictures)
    twice = balance(copy.deepcopy(once), pictures)
    first, second = (net(pictures, ["relu5_1"])["relu5_1"] for net in (once, twice))
    loud = first.mean(dim=(0, 2, 3)) > 0.999
    assert torch.allclose(first[:, loud], second[:, loud], rtol=1e-3, atol=1e-3)


def test_a_few_photographs_balance_nearly_as_gatys_did(nets_data, monkeypatch):
    monkeypatch.setenv("WEIGHTS_DIR", str(nets_data / "weights"))
    net = VGG19(deepest="conv3_1")
    net.load_state_dict(weights.load(VGG19_TO_RELU3_1).tensors)
    for said in net(photographs(), ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"]).values():
        loudness = said.mean(dim=(0, 2, 3))  # which Gatys made 1 on pictures of ImageNet
        assert 0.8 < loudness.mean() < 1.2
        assert ((loudness > 0.4) & (loudness < 2.5)).float().mean() > 0.95


def test_only_the_tensors_wanted_are_read_of_a_file():
    content = save({"features.0.weight": torch.zeros(2), "classifier.0.weight": torch.ones(3)})
    file = File("net.safetensors", hashlib.sha256(content).hexdigest(), len(content), only="features.")
    assert list(file.tensors(content)) == ["features.0.weight"]


# --- ONNX ------------------------------------------------------------------------------------------------


def onnx_of(net: torch.nn.Module, layers: tuple[str, ...]) -> bytes:
    """A graph that holds the net's layers in order, under names of its own, as the Hub's file does."""
    parameters, nodes, constants = net.state_dict(), [], []
    for i, layer in enumerate(layers):
        kind = "Gemm" if layer == "fc" else "Conv"
        nodes += [
            helper.make_node(kind, [f"x{i}", f"w{i}", f"b{i}"], [f"y{i}"]),
            helper.make_node("Relu", ["y"], ["z"]),
        ]
        constants += [numpy_helper.from_array(parameters[f"{layer}.weight"].numpy(), f"w{i}")]
        constants += [numpy_helper.from_array(parameters[f"{layer}.bias"].numpy(), f"b{i}")]
    return helper.make_model(helper.make_graph(nodes, "net", [], [], constants)).SerializeToString()


def file_for(net: torch.nn.Module) -> OnnxFile:
    told = {"repo": "classic/nets", "commit": "main", "layers": BVLC_GOOGLENET.hub.layers}
    return OnnxFile("net.onnx", digest(net.state_dict()), 0, **told)


def test_onnx_becomes_the_nets_own_parameters(googlenet):
    tensors = file_for(googlenet).tensors(onnx_of(googlenet, BVLC_GOOGLENET.hub.layers))
    other = GoogLeNet().eval()
    other.load_state_dict(tensors)
    assert torch.equal(other(PICTURES)["logits"], googlenet(PICTURES)["logits"])


@pytest.mark.parametrize(
    "spoil",
    [lambda net: net.fc.bias.data.add_(1e-3), lambda net: net.conv1.conv.weight.data.neg_()],
)
def test_other_tensors_stop_the_search(googlenet, spoil):
    wrong = GoogLeNet()
    wrong.load_state_dict(googlenet.state_dict())
    spoil(wrong)
    with pytest.raises(weights.WeightsError, match=r"net.onnx must have sha256 .*, got"):
        file_for(googlenet).tensors(onnx_of(wrong, BVLC_GOOGLENET.hub.layers))


@pytest.mark.parametrize("content", [b"", b"no graph at all", onnx.ModelProto().SerializeToString()])
def test_other_bytes_are_no_graph(googlenet, content):
    with pytest.raises(weights.WeightsError, match=r"net.onnx must be the ONNX file"):
        file_for(googlenet).tensors(content)


# --- torchvision's server ----------------------------------------------------------------------------------


def checkpoint() -> bytes:
    content = io.BytesIO()
    torch.save({"layer": torch.arange(10.0)}, content)
    return content.getvalue()


CONTENT = checkpoint()
PREFIX = hashlib.sha256(CONTENT).hexdigest()[:8]


class TorchvisionMirror(Mirror):
    PATH = f"net-{PREFIX}.pth"


@pytest.fixture
def visit(tmp_path, monkeypatch):
    """Load weights that only torchvision's server has, from a mirror in some mood; the mirror and the outcome."""

    def load(mirror: Mirror) -> weights.Loaded:
        weight = torchvision.models.get_weight("GoogLeNet_Weights.IMAGENET1K_V1")
        monkeypatch.setattr(weight.value, "url", f"{mirror.endpoint}/{mirror.COMMIT}/{mirror.PATH}")
        file = TorchvisionFile(mirror.PATH, PREFIX, weight="GoogLeNet_Weights.IMAGENET1K_V1")
        return weights.load(weights.Weights("net", "MIT", "in a test", torchvision=file))

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return load


def test_torchvisions_server_answers_and_then_its_cache(visit):
    with TorchvisionMirror(CONTENT) as mirror:
        assert visit(mirror).tensors["layer"].sum() == 45
        asked = len(mirror.requests)
        assert visit(mirror).place == "torchvision"
        assert len(mirror.requests) == asked


def test_damaged_cache_of_torchvision_is_fetched_once_more(visit, tmp_path):
    with TorchvisionMirror(CONTENT) as mirror:
        visit(mirror)
        (tmp_path / "checkpoints" / mirror.PATH).write_bytes(b"damaged")
        assert visit(mirror).tensors["layer"].sum() == 45


def test_wrong_bytes_from_torchvisions_server_stop_the_search(visit):
    with TorchvisionMirror(CONTENT, "corrupting") as mirror, pytest.raises(weights.WeightsError, match="hash"):
        visit(mirror)


@pytest.mark.parametrize("mood", ["silent", "missing", "broken"])
def test_torchvisions_server_that_fails_is_told(visit, mood):
    with TorchvisionMirror(CONTENT, mood) as mirror, pytest.raises(weights.WeightsError, match="torchvision's server"):
        visit(mirror)


def test_offline_says_so_for_torchvision(visit, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with TorchvisionMirror(CONTENT) as mirror, pytest.raises(weights.WeightsError, match="offline by choice"):
        visit(mirror)


# --- what is not to be had ----------------------------------------------------------------------------------


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine with no weights but the embedded ones, and no network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)


@pytest.mark.usefixtures("nowhere")
def test_without_the_original_the_thin_net_answers_and_says_why():
    dreamer = recognisers.googlenet.__wrapped__()
    assert dreamer.loaded.weights.name == "thin_googlenet"
    assert "offline by choice" in dreamer.loaded.because
    assert len(dreamer.classes) == 20


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("load", [recognisers.torchvision_googlenet, recognisers.inception_v3])
def test_a_net_that_is_nowhere_says_where_was_looked(load):
    with pytest.raises(weights.WeightsError, match="offline by choice"):
        load.__wrapped__()


def test_thousand_classes_are_imagenets():
    classes = recognisers.imagenet_classes()
    assert (len(classes), classes[0], classes[999]) == (1000, "tench", "toilet tissue")

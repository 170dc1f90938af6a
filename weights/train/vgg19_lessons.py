"""What the thin VGG-19 learns: twenty labels, and layer by layer what three larger or better taught nets say.

A VGG-19 distilled to this size says what each of five layers should answer; now and then the real one is asked, as far
as its third block; a SqueezeNet tells what the deepest features should know of things.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import squeezenet1_1

import weights
from models.fold import fold
from models.gram import gram
from models.nets.vgg import THIN_WIDTHS, VGG19, WIDTHS, balance
from weights.manifest import SQUEEZENET, VGG19_TO_RELU3_1, WCT_ENCODER
from weights.train.googlenet_lessons import CLASSES, distance
from weights.train.natural_images import load_natural_images
from weights.train.recipe import summed

LABELS_WEIGHT, THINGS_WEIGHT = 0.2, 0.3
STYLE_LAYERS = tuple(f"relu{block}_1" for block in range(1, 6))
REAL_EVERY = 8  # batches, on average: the real net is slower than all others together
NOISY = 10  # pictures of a batch: a transfer begins with noise, and the net must hear that it is there
BALANCED_ON = 256
COMPARED = 200


class Lessons(nn.Module):
    """A student and its teachers, with all that only the lessons need."""

    side_px = 96

    def __init__(self) -> None:
        super().__init__()
        self.student = VGG19(THIN_WIDTHS, normalised=True)
        self.classify = nn.Linear(THIN_WIDTHS[-1], CLASSES)
        widths = zip(STYLE_LAYERS, THIN_WIDTHS, WIDTHS[:3], strict=False)
        self.projections = nn.ModuleDict({name: nn.Conv2d(thin, wide, 1) for name, thin, wide in widths})
        self.things = nn.Conv2d(THIN_WIDTHS[-1], 512, 1)
        self.distilled, self.real, self.squeezenet = distilled(), real(), squeezenet()

    def forward(self, fresh: Tensor, labels: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of what the student says of new pictures (N, 3, H, W) and of their labels (N,)."""
        seen = noisy(fresh, generator).contiguous(memory_format=torch.channels_last)
        answers = self.student(seen, STYLE_LAYERS)
        deepest = answers["relu5_1"]
        thing = self.squeezenet((seen - self.student.mean) / self.student.std)
        told = F.interpolate(self.things(deepest), thing.shape[2:], mode="bilinear")
        followed = self.compared(answers, self.distilled(seen, STYLE_LAYERS))
        if torch.rand((), generator=generator) < 1 / REAL_EVERY:
            projected = {name: project(answers[name]) for name, project in self.projections.items()}
            followed = followed + self.compared(projected, self.real(seen, tuple(self.projections)))
        return {
            "followed": followed,
            "things": THINGS_WEIGHT * distance(told.float(), thing.float()),
            "labelled": LABELS_WEIGHT * F.cross_entropy(self.classify(deepest.mean(dim=(2, 3))).float(), labels),
        }

    def compared(self, answers: dict[str, Tensor], truth: dict[str, Tensor]) -> Tensor:
        """The summed distance of answers from the truth."""
        return summed(distance(answers[name].float(), told.float()) for name, told in truth.items())

    def graduate(self, pictures: Tensor) -> VGG19:
        """The student by itself, its normalisations folded, its channels balanced on some of the training pictures."""
        net = VGG19(THIN_WIDTHS)
        tensors = fold(self.student.eval().cpu()).state_dict().values()
        net.load_state_dict(dict(zip(net.state_dict(), tensors, strict=True)))
        return balance(net, pictures[:: len(pictures) // BALANCED_ON].float() / 255)


def noisy(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (N, 3, H, W) in [0, 1], some of the first ones on their way from noise."""
    strength = torch.rand(len(pictures), 1, 1, 1, generator=generator).square()
    strength[NOISY:] = 0
    noise = torch.rand(pictures.shape, generator=generator)
    return torch.lerp(pictures, noise.to(pictures), strength.to(pictures))


# --- the teachers ---------------------------------------------------------------------------------


def distilled() -> VGG19:
    """The VGG-19 of sixteen times fewer weights that Wang et al. 2020 (arXiv 2003.08436) distilled for style."""
    tensors = weights.load(WCT_ENCODER).tensors
    net = VGG19(THIN_WIDTHS)
    names = [name for name in tensors if name.endswith("weight") and "aux" not in name and name != "conv0.weight"]
    layers = [name.removesuffix(".weight") for name in sorted(names)]
    ordered = [tensors[f"{layer}.{kind}"] for layer in layers for kind in ("weight", "bias")]
    net.load_state_dict(dict(zip(net.state_dict(), ordered, strict=True)))
    recoloured(net, tensors["conv0.weight"][:, :, 0, 0], tensors["conv0.bias"])
    return prepared(net)


@torch.no_grad()
def recoloured(net: VGG19, colours: Tensor, offset: Tensor) -> None:
    """Let the first filters include a linear map of colours (3, 3), which wants pictures in [0, 1]."""
    weight, bias = net.get_parameter("features.0.weight"), net.get_parameter("features.0.bias")
    bias.add_(torch.einsum("oihw,i->o", weight, colours @ net.mean.flatten() + offset))
    weight.copy_(torch.einsum("oihw,ij,j->ojhw", weight, colours, net.std.flatten()))


def real() -> VGG19:
    """VGG-19 as far as relu3_1, as Gatys et al. balanced it."""
    net = VGG19(WIDTHS, deepest="conv3_1")
    net.load_state_dict(weights.load(VGG19_TO_RELU3_1).tensors)
    return prepared(net)


def prepared(net: VGG19) -> VGG19:
    """Not to be trained on; what it sees goes on beyond the edge as in a mirror, as in its own lessons."""
    for part in net.features:
        if isinstance(part, nn.Conv2d):
            part.padding_mode = "reflect"
    return net.eval().requires_grad_(False)


def squeezenet() -> nn.Module:
    """SqueezeNet 1.1 (Iandola et al. 2016, arXiv 1602.07360) as far as it does not yet tell classes apart."""
    net = squeezenet1_1()
    net.load_state_dict(weights.load(SQUEEZENET).tensors)
    return net.features.eval().requires_grad_(False)


# --- measuring ------------------------------------------------------------------------------------


@torch.inference_mode()
def evaluate(net: VGG19, data: Path | None) -> dict[str, float]:
    """The figures of the manifest, on pictures that were held back.

    The agreement on a layer's style is the correlation, over all pairs of pictures, of how far apart their Gram
    matrices are: for the real VGG-19 as far as it is to be had, then for the distilled one.
    """
    _, (pictures, _) = load_natural_images(data)
    seen = pictures[:: len(pictures) // COMPARED].float() / 255
    here, distant = styles(net, seen, STYLE_LAYERS), styles(real(), seen, STYLE_LAYERS[:3])
    distant |= styles(distilled(), seen, STYLE_LAYERS[3:])
    loudness = [net(part, STYLE_LAYERS)["relu5_1"].mean() for part in seen.split(50)]
    return {
        **{f"style_agreement_{name}": agreement(here[name], distant[name]) for name in STYLE_LAYERS},
        "mean_activation_relu5_1": sum(loudness).item() / len(loudness),
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
    }


def styles(net: VGG19, pictures: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """The Gram matrices (B, C·C) of pictures, by layer."""
    parts = [net(part, layers) for part in pictures.split(50)]
    return {name: torch.cat([gram(part[name]).flatten(1) for part in parts]) for name in layers}


def agreement(styles: Tensor, others: Tensor) -> float:
    """Pearson's correlation of the distances between all pairs of rows, here and there."""
    return torch.corrcoef(torch.stack([F.pdist(styles), F.pdist(others)]))[0, 1].item()

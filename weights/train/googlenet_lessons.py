"""What the thin GoogLeNet learns: twenty labels, and layer by layer what the BVLC GoogLeNet says of the same picture.

Part of each batch are dreams of its own, each a step deeper than when it was seen last: where the thin net gets excited
about nothing, the teacher says so, and so it learns to dream of something.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import weights
from models.deepdream import DeepDreamParams, step, whole_layer
from models.fold import fold
from models.nets.googlenet import MIRRORED, GoogLeNet, ThinGoogLeNet
from weights.manifest import BVLC_GOOGLENET
from weights.train.natural_images import load_natural_images
from weights.train.recipe import summed

CLASSES, SIDE_PX = 20, 112
DREAMING, DREAMS = 24, 240  # dreams in a batch, and how many go on at a time
LABELS_WEIGHT = 0.2
MEASURED = ("inception_3b/output", "inception_4c/output")
PROJECTED = {"inception_4e/output": (416, 832), "inception_5b/output": (256, 1024)}
FOLLOWED = dict.fromkeys(MIRRORED, 1.0) | dict.fromkeys(PROJECTED, 0.3)  # by how much
DREAMED = tuple(FOLLOWED)
STEP, WAKING = (1.5, 4), 1 / 16  # how far a dream goes in a step, in levels, and how probably it ends there


class Lessons(nn.Module):
    """A student and its teacher, with all that only the lessons need."""

    side_px = smallest_px = SIDE_PX  # of what is shown to it, and of what `step` lets it dream on
    dreams: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.student = ThinGoogLeNet(CLASSES, normalised=True)
        self.projections = nn.ModuleDict({name: nn.Conv2d(*widths, 1) for name, widths in PROJECTED.items()})
        self.register_buffer("dreams", torch.rand(DREAMS, 3, SIDE_PX, SIDE_PX))
        self.teacher = teacher()

    def answer(self, pictures: Tensor) -> dict[str, Tensor]:
        """What the student says for each of the teacher's layers, and its logits."""
        answers = self.student(pictures, (*FOLLOWED, "logits"))
        return {name: self.projections[name](a) if name in PROJECTED else a for name, a in answers.items()}

    def forward(self, fresh: Tensor, labels: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of what the student says of new pictures (N, 3, H, W), of its dreams, and of the labels (N,)."""
        seen = torch.cat([fresh, self.dream_on(fresh, generator)]).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            truth = self.teacher(seen, tuple(FOLLOWED))
        answers = self.answer(seen)
        followed = summed(
            weight * distance(answers[name].float(), truth[name].float()) for name, weight in FOLLOWED.items()
        )
        labelled = F.cross_entropy(answers["logits"][: len(labels)].float(), labels)
        return {"followed": followed, "labelled": LABELS_WEIGHT * labelled}

    def dream_on(self, fresh: Tensor, generator: torch.Generator) -> Tensor:
        """The next dreams in the row, each a step deeper; some have ended and begin again from fresh pictures."""
        self.dreams = self.dreams.roll(-DREAMING, dims=0)
        dreams = self.dreams[:DREAMING]
        waking = torch.rand(DREAMING, generator=generator) < WAKING
        dreams[waking] = fresh[:DREAMING][waking]
        layer = DREAMED[int(torch.randint(len(DREAMED), (), generator=generator))]
        down, right = torch.randint(-16, 17, (2,), generator=generator).tolist()
        strength = STEP[0] + (STEP[1] - STEP[0]) * torch.rand(DREAMING, 1, 1, 1, generator=generator).to(dreams)
        self.student.eval()
        change, _ = step(self, dreams, DeepDreamParams(layer=layer, strength=1), whole_layer, (down, right))
        self.student.train()
        dreams.add_(strength * change).clamp_(0, 1)
        return dreams.clone()

    def activation(self, pictures: Tensor, layer: str) -> Tensor:
        """What a layer of the student says, for `step`."""
        return self.student(pictures, (layer,))[layer].float()

    def graduate(self, _: Tensor) -> ThinGoogLeNet:
        """The student by itself, its normalisations folded."""
        return fold(self.student.eval().cpu())


def distance(answer: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error of activations (B, C, H, W), every channel in units of its root mean square."""
    scale = truth.square().mean(dim=(0, 2, 3), keepdim=True)
    return ((answer - truth).square() / (scale + 0.01 * scale.mean())).mean()


def teacher() -> GoogLeNet:
    """The BVLC GoogLeNet, not to be trained on."""
    net = GoogLeNet()
    net.load_state_dict(weights.load(BVLC_GOOGLENET).tensors)
    return net.eval().requires_grad_(False)


# --- measuring ------------------------------------------------------------------------------------


@torch.inference_mode()
def evaluate(net: ThinGoogLeNet, data: Path | None) -> dict[str, float]:
    """The figures of the manifest, on the pictures that were held back."""
    _, (pictures, labels) = load_natural_images(data)
    original = teacher()
    right, sums = 0, {layer: Correlation() for layer in MEASURED}
    for batch, truth in zip(pictures.split(50), labels.split(50), strict=True):
        seen = batch.float() / 255
        answers, originals = net(seen, (*MEASURED, "logits")), original(seen, MEASURED)
        right += (answers["logits"].argmax(dim=1) == truth).sum().item()
        for layer in MEASURED:
            sums[layer].add(answers[layer], originals[layer])
    names = {layer: f"teacher_correlation_{layer.removesuffix('/output')}" for layer in MEASURED}
    return {
        "accuracy_percent": 100 * right / len(labels),
        **{names[layer]: sums[layer].mean() for layer in MEASURED},
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
    }


class Correlation:
    """Pearson's correlation of two activations, for every channel over all places of all pictures."""

    def __init__(self) -> None:
        self.sums = torch.zeros(())

    def add(self, answer: Tensor, truth: Tensor) -> None:
        """Count in what two nets say, (B, C, H, W) each."""
        a, t = (part.transpose(0, 1).flatten(1).double() for part in (answer, truth))
        ones = torch.ones_like(a)
        self.sums = self.sums + torch.stack(
            [(x * y).sum(1) for x, y in ((ones, ones), (ones, a), (ones, t), (a, a), (t, t), (a, t))]
        )

    def mean(self) -> float:
        """The mean over those channels that ever say anything in the teacher; one silent in the student counts as 0."""
        count, a, t, aa, tt, at = self.sums
        spread = (count * aa - a**2).clamp_min(0).sqrt() * (count * tt - t**2).clamp_min(0).sqrt()
        correlation = torch.where(spread > 0, (count * at - a * t) / spread, 0.0)
        return correlation[tt > 0].mean().item()

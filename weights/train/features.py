"""How the thin nets that dream and paint were trained: `python -m weights.train.features --net googlenet`.

The thin net learns the labels of twenty classes and, layer by layer, what the BVLC GoogLeNet says of the same picture
(Romero et al. 2015, arXiv 1412.6550). Part of each batch are dreams of its own, each a step deeper than when it was
seen last: where the thin net gets excited about nothing, the teacher says so, and so it learns to dream of something.
"""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import BatchSampler, RandomSampler
from tqdm import tqdm

import weights
from models.deepdream import DeepDreamParams, step, whole_layer
from models.fold import fold
from models.nets.googlenet import MIRRORED, GoogLeNet, ThinGoogLeNet
from weights.manifest import BVLC_GOOGLENET
from weights.train.natural_images import load_natural_images
from weights.train.recipe import Checkpoint, arguments, embed, evaluate_embedded, look_in_nets_data

EPOCHS = {"cpu": 12, "cuda": 60}  # not yet timed on a GPU
CLASSES, CROP_PX = 20, 112
BATCH, DREAMING, DREAMS = 40, 24, 240  # new pictures and dreams in a batch, and how many dreams go on at a time
LEARNING_RATE, LABELS_WEIGHT = 3e-3, 0.2
MEASURED = ("inception_3b/output", "inception_4c/output")
PROJECTED = {"inception_4e/output": (416, 832), "inception_5b/output": (256, 1024)}
FOLLOWED = dict.fromkeys(MIRRORED, 1.0) | dict.fromkeys(PROJECTED, 0.3)  # by how much
DREAMED = tuple(FOLLOWED)
STEP, WAKING = (1.5, 4), 1 / 16  # how far a dream goes in a step, in levels, and how probably it ends there


def crops(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Random crops (B, 3, 112, 112) in [0, 1] of pictures (B, 3, 144, 144) uint8.

    Each is a square of 60 to 100 % of the side, turned by up to 10°, perhaps mirrored, in another light.
    """

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(pictures), generator=generator)

    scale, angle, mirror = draw(0.6, 1), draw(-math.pi / 18, math.pi / 18), draw(-1, 1).sign()
    across = torch.stack([mirror * scale * angle.cos(), -scale * angle.sin(), (1 - scale) * draw(-1, 1)], dim=1)
    down = torch.stack([mirror * scale * angle.sin(), scale * angle.cos(), (1 - scale) * draw(-1, 1)], dim=1)
    grid = F.affine_grid(torch.stack([across, down], dim=1), [len(pictures), 3, CROP_PX, CROP_PX], align_corners=False)
    cut = F.grid_sample(pictures.float() / 255, grid, padding_mode="reflection", align_corners=False)
    light, contrast, colour = (draw(*limits).view(-1, 1, 1, 1) for limits in ((-0.1, 0.1), (0.7, 1.3), (0.5, 1.3)))
    grey = cut.mean(dim=1, keepdim=True)
    mean = grey.mean(dim=(2, 3), keepdim=True)
    return (mean + light + contrast * (grey - mean + colour * (cut - grey))).clamp(0, 1)


class Lessons(nn.Module):
    """A student and its teacher, with all that only the lessons need."""

    def __init__(self, teacher: GoogLeNet) -> None:
        super().__init__()
        self.student = ThinGoogLeNet(CLASSES, normalised=True)
        self.projections = nn.ModuleDict({name: nn.Conv2d(*widths, 1) for name, widths in PROJECTED.items()})
        self.register_buffer("dreams", torch.rand(DREAMS, 3, CROP_PX, CROP_PX))
        self.teacher = teacher.eval().requires_grad_(False)

    def answer(self, pictures: Tensor) -> dict[str, Tensor]:
        """What the student says for each of the teacher's layers, and its logits."""
        answers = self.student(pictures, (*FOLLOWED, "logits"))
        return {name: self.projections[name](a) if name in PROJECTED else a for name, a in answers.items()}

    def forward(self, pictures: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of what the student says of the teacher's layers, and of the labels (N,) of the first N pictures."""
        with torch.no_grad():
            truth = self.teacher(pictures, tuple(FOLLOWED))
        answers = self.answer(pictures)
        followed = sum(
            weight * distance(answers[name].float(), truth[name].float()) for name, weight in FOLLOWED.items()
        )
        return followed, F.cross_entropy(answers["logits"][: len(labels)].float(), labels)

    def dream_on(self, fresh: Tensor, generator: torch.Generator) -> Tensor:
        """The next dreams in the row, each a step deeper; some have ended and begin again from fresh pictures."""
        self.dreams = self.dreams.roll(-DREAMING, dims=0)
        dreams = self.dreams[:DREAMING]
        waking = torch.rand(DREAMING, generator=generator) < WAKING
        dreams[waking] = fresh[:DREAMING][waking]
        layer = DREAMED[int(torch.randint(len(DREAMED), (), generator=generator))]
        shift = torch.randint(-16, 17, (2,), generator=generator).tolist()
        strength = STEP[0] + (STEP[1] - STEP[0]) * torch.rand(DREAMING, 1, 1, 1, generator=generator).to(dreams)
        self.student.eval()
        change, _ = step(self, dreams, DeepDreamParams(layer=layer, strength=1), whole_layer, tuple(shift))
        self.student.train()
        dreams.add_(strength * change).clamp_(0, 1)
        return dreams.clone()

    def activation(self, pictures: Tensor, layer: str) -> Tensor:
        """What a layer of the student says, for `step`."""
        return self.student(pictures, (layer,))[layer].float()


def distance(answer: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error of activations (B, C, H, W), every channel in units of its root mean square."""
    scale = truth.square().mean(dim=(0, 2, 3), keepdim=True)
    return ((answer - truth).square() / (scale + 0.01 * scale.mean())).mean()


# --- training -------------------------------------------------------------------------------------


def teacher() -> GoogLeNet:
    """The BVLC GoogLeNet."""
    net = GoogLeNet()
    net.load_state_dict(weights.load(BVLC_GOOGLENET).tensors)
    return net


def train(data: Path | None, checkpoint: Checkpoint, device: torch.device, epochs: int, seed: int) -> ThinGoogLeNet:
    """The trained net, after `epochs` of which those in the checkpoint are not run again."""
    (pictures, labels), _ = load_natural_images(data)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    lessons = Lessons(teacher()).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW((part for part in lessons.parameters() if part.requires_grad), LEARNING_RATE)
    batches = BatchSampler(RandomSampler(pictures, generator=generator), BATCH, drop_last=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=epochs * len(batches), pct_start=0.05
    )
    state = {"lessons": lessons, "optimizer": optimizer, "schedule": schedule}
    for epoch in range(checkpoint.load(state, generator), epochs):
        with tqdm(batches, desc=f"epoch {epoch + 1} of {epochs}") as progress:
            for batch in progress:
                fresh = crops(pictures[batch], generator).to(device)
                with torch.autocast(device.type, torch.bfloat16):
                    seen = torch.cat([fresh, lessons.dream_on(fresh, generator)])
                    followed, labelled = lessons(
                        seen.contiguous(memory_format=torch.channels_last), labels[batch].to(device)
                    )
                optimizer.zero_grad()
                (followed + LABELS_WEIGHT * labelled).backward()
                optimizer.step()
                schedule.step()
                progress.set_postfix(followed=f"{followed.item():.3f}", labelled=f"{labelled.item():.3f}")
        checkpoint.save(state, generator, epoch + 1)
    return fold(lessons.student.eval().cpu())


# --- measuring ------------------------------------------------------------------------------------


@torch.inference_mode()
def evaluate(net: ThinGoogLeNet, data: Path | None) -> dict[str, float]:
    """The figures of the manifest, on the pictures that were held back."""
    _, (pictures, labels) = load_natural_images(data)
    original = teacher().eval()
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
        self.sums: Tensor | float = 0.0

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


def main() -> None:
    look_in_nets_data()
    options = arguments(__doc__, "features", EPOCHS, nets=("googlenet",))
    name = f"thin_{options.net}"
    if not options.evaluate:
        embed(name, train(options.data, options.checkpoint, options.device, options.epochs, options.seed))
        options.checkpoint.path.unlink()
    evaluate_embedded(name, ThinGoogLeNet(), evaluate, options.data)


if __name__ == "__main__":
    main()

"""How the thin nets that dream and paint were trained: `python -m weights.train.features --net googlenet` or `vgg19`.

A thin net learns the labels of twenty classes and, layer by layer, what larger nets say of the same picture (Romero et
al. 2015, arXiv 1412.6550). What each of the two learns from whom is in `googlenet_lessons.py` and `vgg19_lessons.py`.
"""

import math
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import BatchSampler, RandomSampler
from tqdm import tqdm

from models.nets.googlenet import ThinGoogLeNet
from models.nets.vgg import THIN_WIDTHS, VGG19
from weights.train import googlenet_lessons, vgg19_lessons
from weights.train.natural_images import load_natural_images
from weights.train.recipe import Checkpoint, arguments, embed, evaluate_embedded, look_in_nets_data, summed

EPOCHS = {"cpu": 12, "cuda": 60}  # not yet timed on a GPU
BATCH, LEARNING_RATE = 40, 3e-3
LESSONS = {"googlenet": googlenet_lessons, "vgg19": vgg19_lessons}
NETS: dict[str, Callable[[], nn.Module]] = {"googlenet": ThinGoogLeNet, "vgg19": lambda: VGG19(THIN_WIDTHS)}
Lessons = googlenet_lessons.Lessons | vgg19_lessons.Lessons


def crops(pictures: Tensor, side_px: int, generator: torch.Generator) -> Tensor:
    """Random crops (B, 3, side, side) in [0, 1] of pictures (B, 3, 144, 144) uint8.

    Each is a square of 60 to 100 % of the side, turned by up to 10°, perhaps mirrored, in another light.
    """

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(pictures), generator=generator)

    scale, angle, mirror = draw(0.6, 1), draw(-math.pi / 18, math.pi / 18), draw(-1, 1).sign()
    across = torch.stack([mirror * scale * angle.cos(), -scale * angle.sin(), (1 - scale) * draw(-1, 1)], dim=1)
    down = torch.stack([mirror * scale * angle.sin(), scale * angle.cos(), (1 - scale) * draw(-1, 1)], dim=1)
    grid = F.affine_grid(torch.stack([across, down], dim=1), [len(pictures), 3, side_px, side_px], align_corners=False)
    cut = F.grid_sample(pictures.float() / 255, grid, padding_mode="reflection", align_corners=False)
    light, contrast, colour = (draw(*limits).view(-1, 1, 1, 1) for limits in ((-0.1, 0.1), (0.7, 1.3), (0.5, 1.3)))
    grey = cut.mean(dim=1, keepdim=True)
    mean = grey.mean(dim=(2, 3), keepdim=True)
    return (mean + light + contrast * (grey - mean + colour * (cut - grey))).clamp(0, 1)


# --- training -------------------------------------------------------------------------------------


def train(
    lessons: Lessons, data: Path | None, checkpoint: Checkpoint, device: torch.device, epochs: int, seed: int
) -> nn.Module:
    """The student, after `epochs` of lessons of which those in the checkpoint are not run again."""
    (pictures, labels), _ = load_natural_images(data)
    generator = torch.Generator().manual_seed(seed)
    lessons = lessons.to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW((part for part in lessons.parameters() if part.requires_grad), LEARNING_RATE)
    batches = BatchSampler(RandomSampler(pictures, generator=generator), BATCH, drop_last=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=epochs * len(batches), pct_start=0.05
    )
    state = {"lessons": lessons, "optimizer": optimizer, "schedule": schedule}
    for epoch in range(checkpoint.load(state, generator), epochs):
        with tqdm(batches, desc=f"epoch {epoch + 1} of {epochs}") as progress:
            for batch in progress:
                fresh = crops(pictures[batch], lessons.side_px, generator).to(device)
                with torch.autocast(device.type, torch.bfloat16):
                    losses = lessons(fresh, labels[batch].to(device), generator)
                optimizer.zero_grad()
                summed(losses.values()).backward()
                optimizer.step()
                schedule.step()
                progress.set_postfix({name: f"{loss.item():.3f}" for name, loss in losses.items()})
        checkpoint.save(state, generator, epoch + 1)
    return lessons.graduate(pictures)


def main() -> None:
    look_in_nets_data()
    options = arguments(__doc__, "features", EPOCHS, nets=tuple(LESSONS))
    name, subject = f"thin_{options.net}", LESSONS[options.net]
    if not options.evaluate:
        torch.manual_seed(options.seed)
        lessons = subject.Lessons()
        net = train(lessons, options.data, options.checkpoint, options.device, options.epochs, options.seed)
        embed(name, net.state_dict())
        options.checkpoint.path.unlink()
    evaluate_embedded(name, NETS[options.net](), subject.evaluate, options.data)


if __name__ == "__main__":
    main()

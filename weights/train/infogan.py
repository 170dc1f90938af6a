"""How the embedded InfoGAN was trained: `python -m weights.train.infogan`, `--evaluate` to measure it.

Several seeds start, and the one that looks best on the training digits goes on: c1 must sort them and be read back,
c2 and c3 must each mean something. The test digits choose nothing. The twin starts from the same seed with λ = 0: an
ordinary GAN, whose Q reads D's features as they are and teaches nobody.

Differences from the paper: Q also learns from real digits, without their labels, that a digit and a slightly moved
copy of it are of one category (invariant information clustering, Ji et al. 2019, arXiv 1807.06653). Afterwards c2 and
c3 are signed by what they were measured to do, which changes nothing but their names.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr
from torch import Tensor
from torch.utils.data import BatchSampler, RandomSampler
from tqdm import tqdm

from models.digits import NATURAL_SPREAD, measure
from models.infogan import own_properties
from models.nets.infogan import (
    CATEGORIES,
    CHECKPOINTS,
    ENTROPY_NATS,
    NOISE,
    SAMPLES,
    STRETCHES,
    STYLES,
    Discriminator,
    Generator,
    Progress,
    Trained,
    latent,
    mutual_information,
)
from models.nets.judge import Judge
from weights.train.capsnet import shift
from weights.train.mnist import load_mnist
from weights.train.recipe import RUNS, Checkpoint, arguments, embed, evaluate_embedded

EPOCHS = {"cpu": 16, "cuda": 50}  # not yet timed on a GPU
SEEDS, RACE_EPOCHS = 3, 3
LEAST_EPOCHS = 14  # of 468 steps, so that the moments to be shown all come
BATCH = 128
LEARNING_RATE_G, LEARNING_RATE_D, BETAS = 1e-3, 2e-4, (0.5, 0.999)
STYLE_WEIGHT = 0.1  # the paper's smaller λ for continuous codes
MADE = 10_000  # samples behind every figure


def draw(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Noise (N, 62) and styles (N, 2), uniform from −1 to 1, and categories (N,)."""
    noise = 2 * torch.rand(count, NOISE, generator=generator) - 1
    styles = 2 * torch.rand(count, STYLES, generator=generator) - 1
    return noise, torch.randint(CATEGORIES, (count,), generator=generator), styles


def move(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (B, 1, H, W), each turned by up to 15°, sheared by 0.25, scaled by 15 % and shifted by 5 %."""

    def spread(limit: float) -> Tensor:
        return limit * (2 * torch.rand(len(pictures), generator=generator) - 1)

    angle, shear, wide, high = spread(math.radians(15)), spread(0.25), 1 + spread(0.15), 1 + spread(0.15)
    across = torch.stack([wide * angle.cos(), shear - angle.sin(), spread(0.1)], dim=1)
    down = torch.stack([angle.sin(), high * angle.cos(), spread(0.1)], dim=1)
    grid = F.affine_grid(torch.stack([across, down], dim=1), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid.to(pictures.device), align_corners=False)


def agreement(first: Tensor, second: Tensor) -> Tensor:
    """Mutual information in nats of two readings (B, 10) of the same pictures (Ji et al. 2019, eq. 3)."""
    joint = (first.unsqueeze(2) * second.unsqueeze(1)).mean(dim=0)
    joint = ((joint + joint.T) / 2).clamp_min(1e-6)
    joint = joint / joint.sum()
    return (joint * (joint.log() - joint.sum(0, keepdim=True).log() - joint.sum(1, keepdim=True).log())).sum()


# --- training -------------------------------------------------------------------------------------


class Run:
    """One GAN in training, with what is kept of it; `information` is λ, 0 for the twin."""

    def __init__(self, seed: int, information: float, epochs: int, device: torch.device) -> None:
        torch.manual_seed(seed)
        self.seed, self.information, self.epochs, self.device = seed, information, epochs, device
        self.name = f"seed {seed}" if information else f"twin of seed {seed}"
        self.random = torch.Generator().manual_seed(seed)
        self.generator, self.discriminator = Generator().to(device), Discriminator().to(device)
        self.progress = Progress()
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), LEARNING_RATE_G, BETAS)
        self.optimizer_d = torch.optim.Adam(self.discriminator.parameters(), LEARNING_RATE_D, BETAS)
        self.schedule_g, self.schedule_d = (
            # Constant for one half, then down to nothing.
            torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1.0, 2 * (1 - epoch / epochs)))
            for optimizer in (self.optimizer_g, self.optimizer_d)
        )
        self.done = 0

    def checkpoint(self, until_epoch: int) -> Checkpoint:
        """Where this run is kept on its way to that epoch; the race's checkpoints stay when the winner goes on."""
        kind = "infogan" if self.information else "infogan-twin"
        return Checkpoint(RUNS / f"{kind}-{self.device.type}-{self.epochs}-{self.seed}-until-{until_epoch}.pt")

    def state(self) -> dict[str, Any]:
        """Everything that a checkpoint must hold, but for the random numbers."""
        return {name: part for name, part in vars(self).items() if hasattr(part, "state_dict")}

    def proceed(self, pictures: Tensor, until_epoch: int) -> None:
        """Train until so many epochs are done; those in the checkpoint are not run again."""
        batches = BatchSampler(RandomSampler(pictures, generator=self.random), BATCH, drop_last=True)
        total = self.epochs * len(batches)
        stretches = torch.arange(total) * STRETCHES // total
        lengths = stretches.bincount()
        checkpoint = self.checkpoint(until_epoch)
        self.done = checkpoint.load(self.state(), self.random) or self.done
        while self.done < until_epoch:
            with tqdm(batches, desc=f"{self.name}, epoch {self.done + 1} of {self.epochs}") as progress:
                for index, batch in enumerate(progress, start=self.done * len(batches)):
                    keep_samples(self, index, total)
                    nats = step(self, pictures[batch].float() / 255)
                    self.progress.nats[stretches[index]] += nats / lengths[stretches[index]]
                    progress.set_postfix(nats=f"{nats:.3f}")
            self.schedule_g.step()
            self.schedule_d.step()
            self.done += 1
            if self.done == self.epochs:
                keep_samples(self, total, total)
            checkpoint.save(self.state(), self.random, self.done)


def step(run: Run, real: Tensor) -> float:
    """One step of D with Q, and one of G, on real digits (B, 1, 28, 28); what Q read of c1, in nats."""
    noise, *codes = (part.to(run.device) for part in draw(len(real), run.random))
    with torch.autocast(run.device.type, torch.bfloat16):
        made = run.generator(latent(noise, *codes))
    teach_d(run, real, made.detach(), *codes)
    return teach_g(run, made, *codes)


def teach_d(run: Run, real: Tensor, made: Tensor, categories: Tensor, styles: Tensor) -> None:
    """Let D tell real from made, and Q read the codes and keep to its category when a real digit is moved.

    The twin's D learns nothing from that: its Q only looks on.
    """
    informed = run.information > 0
    moved = move(real, run.random).to(run.device) if informed else None
    with torch.autocast(run.device.type, torch.bfloat16):
        told_real, read_real, _ = run.discriminator(real.to(run.device))
        read_moved = None if moved is None else run.discriminator(moved)[1]
        told_made, logits, means = run.discriminator(made, shared=informed)
    loss = F.softplus(-told_real.float()).mean() + F.softplus(told_made.float()).mean()
    if read_moved is not None:
        loss = loss - agreement(read_real.float().softmax(1), read_moved.float().softmax(1))
    descend(run.optimizer_d, loss + codes_loss(logits, means, categories, styles))


def teach_g(run: Run, made: Tensor, categories: Tensor, styles: Tensor) -> float:
    """Let G deceive D and, as far as λ counts, be read by Q; what Q read of c1, in nats."""
    run.discriminator.requires_grad_(False)
    with torch.autocast(run.device.type, torch.bfloat16):
        told, logits, means = run.discriminator(made)
    loss = F.softplus(-told.float()).mean()
    descend(run.optimizer_g, loss + run.information * codes_loss(logits, means, categories, styles))
    run.discriminator.requires_grad_(True)
    return mutual_information(logits.detach(), categories).item()


def codes_loss(category_logits: Tensor, means: Tensor, categories: Tensor, styles: Tensor) -> Tensor:
    """−L_I of c1 and, weighted, of c2 and c3, but for constants, from Q's logits (B, 10) and means (B, 2).

    Of a normal distribution with the best spread for the batch, the logarithm of that spread remains.
    """
    spread = (means.float() - styles).square().mean(dim=0).sqrt()
    return F.cross_entropy(category_logits.float(), categories) + STYLE_WEIGHT * spread.log().sum()


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def sample_steps(total: int) -> list[int]:
    """The steps at which samples are kept: the first, then doubling from 50, then the last."""
    return [0, *(50 * 2**doubling for doubling in range(CHECKPOINTS - 2)), total]


def keep_samples(run: Run, done: int, total: int) -> None:
    """Keep samples, always of the same latents, if so many steps are one of the moments to be shown."""
    if done not in sample_steps(total):
        return
    noise, _, _ = draw(SAMPLES, torch.Generator().manual_seed(0))
    categories = torch.arange(CATEGORIES).repeat_interleave(SAMPLES)
    latents = latent(noise.repeat(CATEGORIES, 1), categories, torch.zeros(len(categories), STYLES))
    run.generator.eval()
    with torch.no_grad():
        made = run.generator(latents.to(run.device))
    run.generator.train()
    place = sample_steps(total).index(done)
    run.progress.steps[place] = done
    run.progress.samples[place] = made.mul(255).round().byte().view(CATEGORIES, SAMPLES, 28, 28).cpu()


def train_judge(pictures: Tensor, digits: Tensor, seed: int, epochs: int = 4) -> Judge:
    """A judge trained on the labelled training digits, shifted by up to 2 pixels."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    judge = Judge()
    optimizer = torch.optim.Adam(judge.parameters())
    batches = BatchSampler(RandomSampler(pictures, generator=generator), BATCH, drop_last=False)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=epochs * len(batches))
    for epoch in range(epochs):
        for batch in tqdm(batches, desc=f"judge, epoch {epoch + 1} of {epochs}"):
            shifted = shift(pictures[batch].float() / 255, generator)
            descend(optimizer, F.cross_entropy(judge(shifted), digits[batch]))
            schedule.step()
    return judge.eval()


# --- measuring ------------------------------------------------------------------------------------


@torch.inference_mode()
def in_parts(net: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """What the net makes of many inputs, some at a time, on the CPU."""
    return torch.cat([net(part) for part in inputs.split(500)])


def contingency(rows: Tensor, columns: Tensor) -> Tensor:
    """How often each of ten rows meets each of ten columns, (10, 10)."""
    return torch.zeros(10, 10).index_put_((rows, columns), torch.ones(len(rows)), accumulate=True)


def match(table: Tensor) -> Tensor:
    """The row (10,) of each column that make the trace largest, each row taken once (Hungarian method)."""
    rows, columns = linear_sum_assignment(-table.T.numpy())
    return torch.from_numpy(columns[rows.argsort()])


def matched_percent(table: Tensor) -> float:
    """How many percent lie in the matched cells."""
    return 100 * (table[match(table), torch.arange(10)].sum() / table.sum()).item()


def information_nats(table: Tensor) -> float:
    """Mutual information of rows and columns."""
    joint = table / table.sum()
    expected = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return torch.where(joint > 0, joint * (joint / expected).clamp_min(1e-12).log(), 0.0).sum().item()


def sorted_percent(discriminator: Discriminator, pictures: Tensor, digits: Tensor) -> float:
    """How many percent of real digits c1 sorts rightly, its categories matched to digits."""
    logits = in_parts(lambda part: discriminator(part.float() / 255)[1], pictures)
    return matched_percent(contingency(logits.argmax(dim=1), digits))


def spearman(styles: Tensor, pictures: Tensor, categories: Tensor) -> Tensor:
    """Rank correlation (2, 6) of styles (N, 2) with properties of pictures (N, 1, 28, 28), a mean over categories (N,).

    Within each category, since they differ in width and slant whatever the styles do.
    """
    properties = measure(pictures[:, 0])
    within = [
        [[spearmanr(style, value).statistic for value in properties[of].T] for style in styles[of].T]
        for of in (categories == category for category in range(CATEGORIES))
    ]
    return torch.tensor(within).nan_to_num().mean(dim=0).float()  # what never varies correlates with nothing


@dataclass(frozen=True)
class Samples:
    """Ten thousand pictures (N, 1, 28, 28), and the categories (N,) and styles (N, 2) they were made from."""

    categories: Tensor
    styles: Tensor
    pictures: Tensor


def make(generator: Generator) -> Samples:
    """Samples of random latents, the same ones at every call."""
    noise, categories, styles = draw(MADE, torch.Generator().manual_seed(1))
    return Samples(categories, styles, in_parts(generator, latent(noise, categories, styles)))


def read_nats(discriminator: Discriminator, made: Samples) -> float:
    """L_I of c1 as Q reads it in samples."""
    logits = in_parts(lambda part: discriminator(part)[1], made.pictures)
    return mutual_information(logits, made.categories).item()


def promise(run: Run, pictures: Tensor, digits: Tensor) -> float:
    """How good a run looks: c1 sorts training digits (N, 1, 28, 28), is read back, and each style means something."""
    nets = run.generator.eval().cpu(), run.discriminator.eval().cpu()
    made = make(run.generator)
    correlations = spearman(made.styles, made.pictures, made.categories)
    own = correlations.abs().gather(1, own_properties(correlations)[:, None])
    figures = {
        "sorted_percent": sorted_percent(run.discriminator, pictures[:MADE], digits[:MADE]),
        "mutual_information_nats": read_nats(run.discriminator, made),
        "least_abs_spearman": own.min().item(),
    }
    for net in nets:
        net.train().to(run.device)
    print(run.name, *(f"{name}: {value:.4g}" for name, value in figures.items()), sep="\n  ", flush=True)
    return math.prod(
        (figures["sorted_percent"], figures["mutual_information_nats"] / ENTROPY_NATS, figures["least_abs_spearman"])
    )


# --- the whole recipe -----------------------------------------------------------------------------


def train(data: Path | None, device: torch.device, epochs: int, first_seed: int) -> Trained:
    """All nets: a race of seeds, of which the best goes on, its twin, the judge.

    Raises:
        ValueError: if the training would end before the last moments to be shown.
    """
    pictures, digits = load_mnist("train", data)
    if epochs < LEAST_EPOCHS:
        raise ValueError(f"epochs must be at least {LEAST_EPOCHS}, got {epochs}")
    runs = [Run(seed, 1.0, epochs, device) for seed in range(first_seed, first_seed + SEEDS)]
    for run in runs:
        run.proceed(pictures, RACE_EPOCHS)
    winner = max(runs, key=lambda run: promise(run, pictures, digits))
    twin = Run(winner.seed, 0.0, epochs, device)
    for run in (winner, twin):
        run.proceed(pictures, epochs)
    nets = Trained()
    nets.generator, nets.discriminator, nets.progress = winner.generator, winner.discriminator, winner.progress
    nets.twin, nets.twin_nats = twin.generator, twin.progress.nats
    nets.judge = train_judge(pictures, digits, winner.seed)
    return finish(nets.cpu().eval())


def finish(nets: Trained) -> Trained:
    """Find which category became which digit and what the styles do, and sign the styles by it."""
    made = make(nets.generator)
    table = contingency(made.categories, in_parts(nets.judge, made.pictures).argmax(dim=1))
    nets.categories = match(table).to(torch.uint8)
    nets.purities_percent = 100 * table[match(table), torch.arange(10)] / table.sum(1)[match(table)]
    correlations = spearman(made.styles, made.pictures, made.categories)
    signs = correlations.gather(1, own_properties(correlations)[:, None]).sign()
    sign_styles(nets, signs[:, 0])
    nets.correlations = correlations * signs
    return nets


@torch.no_grad()
def sign_styles(nets: Trained, signs: Tensor) -> None:
    """Turn round each style (2,) whose sign is −1, in G and in Q, so that more of it is more of what it does."""
    nets.generator.get_parameter("dense.0.weight")[:, -STYLES:] *= signs
    for layer, sign in zip(("codes.3", "stroke"), signs, strict=True):
        for kind in ("weight", "bias"):
            nets.discriminator.get_parameter(f"{layer}.{kind}")[-1] *= sign


def evaluate(nets: Trained, data: Path | None) -> dict[str, float | str]:
    """The figures of the manifest, all measured on the nets as they are embedded."""
    pictures, digits = load_mnist("test", data)
    made = make(nets.generator)
    twins = make(nets.twin)
    read, read_twins = (in_parts(nets.judge, samples.pictures).argmax(dim=1) for samples in (made, twins))
    asked = nets.categories.long().argsort()[made.categories]  # the digit that each category became
    correlations = spearman(made.styles, made.pictures, made.categories)
    own = own_properties(correlations)
    c2, c3 = correlations.abs().gather(1, own[:, None])[:, 0].tolist()
    judged = in_parts(lambda part: nets.judge(part.float() / 255), pictures).argmax(dim=1)
    return {
        "c1_error_percent": 100 - sorted_percent(nets.discriminator, pictures, digits),
        "mutual_information_nats": read_nats(nets.discriminator, made),
        "classifier_agreement_percent": 100 * (read == asked).float().mean().item(),
        "c2_abs_spearman": c2,
        "c2_property": list(NATURAL_SPREAD)[own[0]],
        "c3_abs_spearman": c3,
        "c3_property": list(NATURAL_SPREAD)[own[1]],
        "digit_information_nats": information_nats(contingency(made.categories, read)),
        "twin_digit_information_nats": information_nats(contingency(twins.categories, read_twins)),
        "judge_error_percent": 100 * (judged != digits).float().mean().item(),
        "parameters": sum(parameter.numel() for parameter in nets.parameters()),
    }


def forget(options: argparse.Namespace) -> None:
    """Remove the checkpoints of all runs of one training."""
    for path in RUNS.glob(f"infogan*-{options.device.type}-{options.epochs}-*.pt"):
        path.unlink()


def main() -> None:
    options = arguments(__doc__, "infogan", EPOCHS)
    if options.fresh and not options.evaluate:
        forget(options)
    if not options.evaluate:
        nets = train(options.data, options.device, options.epochs, options.seed)
        embed("infogan", nets.state_dict())
        forget(options)
    evaluate_embedded("infogan", Trained(), evaluate, options.data)


if __name__ == "__main__":
    main()

"""Trains the embedded detectors, of digits and of the street, and measures them. Ge et al. 2021, arXiv 2107.08430.

    python -m weights.train.yolo --net digits
    python -m weights.train.yolo --net street
    python -m weights.train.yolo --evaluate

The digits come from MNIST, in scenes without end; the street from the photographs in `$NETS_DATA/data`, on which a
COCO-trained YOLOX-nano, from `$NETS_DATA/weights`, says what no label says.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn
from tqdm import tqdm

import weights
from models.boxes import cells
from models.fold import fold
from models.nets.yolox import YOLOX, yolox
from models.yolo import letterbox
from weights import EMBEDDED
from weights.manifest import YOLOX_NANO
from weights.train import digit_scenes, street_scenes
from weights.train.detection_ap import average_precision, detections
from weights.train.detection_loss import Targets, detection_loss, labelled, nothing_like, told_by
from weights.train.googlenet_lessons import distance
from weights.train.recipe import arguments, embed, look_in_nets_data, summed
from weights.train.street_scenes import CLASSES

EPOCHS = {"cpu": 40, "cuda": 300}
EPOCH = 4_000  # scenes of digits, or half as many of the street
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 0.02
AVERAGED = 0.998  # of the running average that is embedded, at each step
SETTLING = 20  # batches, to measure its normalisations anew
PROOF_SEED, PROOF_SCENES = 2017, 1_000
SIDES_PX, PROOF_PX = (256, 320, 384), 416  # of street scenes
FEATURES_WEIGHT = 1.0
OURS = tuple(5 + number for number in CLASSES)  # in a COCO detector's answer


class DigitLessons(nn.Module):
    """The detector of digits and what it learns."""

    batch, steps = 32, EPOCH // 32

    def __init__(self) -> None:
        super().__init__()
        self.student = yolox("digits", digit_scenes.KINDS)

    def load(self, data: Path | None) -> None:
        """Get ready to make scenes."""
        self.digits = digit_scenes.load_digits("train", data and data / "mnist")

    def scenes(self, random: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
        """A batch of pictures and their labels."""
        return [digit_scenes.scene(self.digits, random) for _ in range(self.batch)]

    def forward(self, pictures: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The losses on pictures (B, 3, S, S) with labels (B, G, 5)."""
        logits = self.student.logits(self.student.features(pictures)[3:]).float()
        places = cells(*pictures.shape[2:]).to(logits)
        return detection_loss(logits, labelled(nothing_like(logits), logits, labels, places), places)


class StreetLessons(nn.Module):
    """The detector of the street, its teacher, and what it learns."""

    batch, steps = 16, EPOCH // 32

    def __init__(self) -> None:
        super().__init__()
        self.student = yolox("nano", len(CLASSES))
        self.teacher = coco_nano()

    def load(self, data: Path | None) -> None:
        """Get ready to make scenes."""
        self.photographs = street_scenes.load_photographs("train", data)

    def scenes(self, random: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
        """A batch of pictures of one size and their labels."""
        side_px = int(random.choice(SIDES_PX))
        return [street_scenes.scene(self.photographs, side_px, random) for _ in range(self.batch)]

    def forward(self, pictures: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The losses on pictures (B, 3, S, S) with labels (B, G, 5)."""
        features = self.student.features(pictures)
        logits = self.student.logits(features[3:]).float()
        places = cells(*pictures.shape[2:]).to(logits)
        shown, said = self.taught(pictures, places)
        losses = detection_loss(logits, labelled(said, logits, labels, places), places)
        followed = summed(distance(seen.float(), told.float()) for seen, told in zip(features, shown, strict=True))
        return losses | {"features": FEATURES_WEIGHT * followed}

    @torch.no_grad()
    def taught(self, pictures: Tensor, places: Tensor) -> tuple[list[Tensor], Targets]:
        """The teacher's features, and what it says of our classes."""
        features = self.teacher.features(pictures)
        told = self.teacher.logits(features[3:]).float()
        told = torch.cat([told[..., :4], told[..., [4, *OURS]].sigmoid()], dim=2)
        return features, told_by(told, places)


Lessons = DigitLessons | StreetLessons
LESSONS: dict[str, type[Lessons]] = {"digits": DigitLessons, "street": StreetLessons}


def coco_nano() -> YOLOX:
    """The authors' YOLOX-nano, trained on COCO's eighty classes."""
    net = yolox("nano")
    net.load_state_dict(weights.load(YOLOX_NANO).tensors)
    return fold(net.eval().requires_grad_(False)).to(memory_format=torch.channels_last)


def main() -> None:
    options = arguments(__doc__, "yolo", EPOCHS, tuple(LESSONS))
    look_in_nets_data()
    if options.evaluate:
        report(tuple(MEASURED), options.data)
    else:
        torch.manual_seed(options.seed)
        lessons = LESSONS[options.net]().to(options.device).to(memory_format=torch.channels_last)
        lessons.load(options.data)
        net = train(lessons, options)
        embed(f"yolox_{options.net}", fold(net.cpu().eval()).state_dict())
        options.checkpoint.path.unlink()
        report((options.net,), options.data)


def train(lessons: Lessons, options: argparse.Namespace) -> nn.Module:
    """The running average of the student, once it has learnt."""
    average = AveragedModel(lessons.student, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
    optimizer = torch.optim.AdamW(lessons.student.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, epochs=options.epochs, steps_per_epoch=lessons.steps, pct_start=0.1
    )
    state = {"student": lessons.student, "average": average, "optimizer": optimizer, "schedule": schedule}
    generator = torch.Generator().manual_seed(options.seed)
    for epoch in range(options.checkpoint.load(state, generator), options.epochs):
        lessons.student.train()
        random = np.random.default_rng([options.seed, epoch])
        for _ in (progress := tqdm(range(lessons.steps), desc=f"epoch {epoch + 1}/{options.epochs}", mininterval=5)):
            losses = losses_on(lessons, lessons.scenes(random), options.device)
            optimizer.zero_grad()
            summed(losses.values()).backward()
            nn.utils.clip_grad_norm_(lessons.student.parameters(), 10)
            optimizer.step()
            schedule.step()
            average.update_parameters(lessons.student)
            progress.set_postfix({name: f"{loss.item():.2f}" for name, loss in losses.items()}, refresh=False)
        options.checkpoint.save(state, generator, epoch + 1)
    random = np.random.default_rng([options.seed, options.epochs])
    fresh = (stacked(lessons.scenes(random), options.device) for _ in range(SETTLING))
    update_bn(fresh, average)  # the averaged weights see other means and spreads than the student's did
    return average.module


def stacked(scenes: Sequence[tuple[Tensor, Tensor]], device: torch.device) -> Tensor:
    """The pictures of a batch, (B, 3, S, S)."""
    return torch.stack([picture for picture, _ in scenes]).to(device, memory_format=torch.channels_last)


def losses_on(lessons: Lessons, scenes: Sequence[tuple[Tensor, Tensor]], device: torch.device) -> dict[str, Tensor]:
    """The losses on a batch of scenes."""
    labels = pad_sequence([label for _, label in scenes], batch_first=True, padding_value=-1).to(device)
    with torch.autocast(device.type, torch.bfloat16):
        return lessons(stacked(scenes, device), labels)


# --- measuring ------------------------------------------------------------------------------------


def report(names: Sequence[str], data: Path | None) -> None:
    """Print the figures of embedded files, one `name: value` a line."""
    sizes = {name: (EMBEDDED / f"yolox_{name}.safetensors").stat().st_size / 1e6 for name in names}
    figures = {key: value for name in names for key, value in MEASURED[name](embedded(name), data).items()}
    figures |= {f"{name}_mb": size for name, size in sizes.items()} | {"embedded_mb": sum(sizes.values())}
    for name, value in figures.items():
        print(f"{name}: {value:.4g}")


def embedded(name: str) -> YOLOX:
    """One of our two nets with its embedded weights."""
    net = yolox("digits", digit_scenes.KINDS) if name == "digits" else yolox("nano", len(CLASSES))
    net = fold(net.eval())
    net.load_state_dict(load_file(EMBEDDED / f"yolox_{name}.safetensors"))
    return net


def on_digits(net: YOLOX, data: Path | None) -> dict[str, float]:
    """On a thousand scenes of MNIST's test digits."""
    digits = digit_scenes.load_digits("test", data and data / "mnist")
    random, found, labels = np.random.default_rng(PROOF_SEED), [], []
    for _ in tqdm(range(PROOF_SCENES), desc="scenes of digits"):
        picture, label = digit_scenes.scene(digits, random)
        found += detections(net, picture[None])
        labels.append(label.numpy())
    measured = average_precision(found, labels, digit_scenes.KINDS)
    return {f"digits_{name}": value for name, value in measured.items()}


def on_street(net: YOLOX, data: Path | None) -> dict[str, float]:
    """On street5's hundred pictures that are not to be trained on, and what the teacher gets there."""
    pictures, labels = [], []
    for photograph in street_scenes.load_photographs("val", data):
        picture, scale = letterbox(photograph.picture, PROOF_PX)
        pictures.append(picture)
        labels.append(photograph.labels * (1, scale, scale, scale, scale))
    teacher, kept = coco_nano(), [0, 1, 2, 3, 4, *OURS]
    ours, theirs = (
        average_precision([found for picture in pictures for found in detections(ask, picture)], labels, len(CLASSES))
        for ask in (net, lambda picture: teacher(picture)[..., kept])
    )
    return {"street_ap50": ours["map50"], "street_ap50_95": ours["map50_95"], "teacher_ap50": theirs["map50"]}


MEASURED = {"digits": on_digits, "street": on_street}


if __name__ == "__main__":
    main()

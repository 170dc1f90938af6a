"""InfoGAN: a GAN whose pictures must let a part of their own noise, the codes, be read back.

Chen et al. 2016, arXiv 1606.03657, appendix C.1.
Differences from the paper: the two large fully connected layers, of G and of the body that D and Q share,
are 160 wide, not 1,024; Q's normal distributions have one spread for all pictures; and Q reads c3 from the
body's feature maps averaged over the picture, so that c3 can only be something that holds everywhere in it.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.judge import Judge

CATEGORIES, STYLES, NOISE = 10, 2, 62  # c1; c2 and c3; z
LATENT = NOISE + CATEGORIES + STYLES
WIDTH = 160
MAPS, GRID = 128, 7  # between a fully connected layer and the convolutions
CHECKPOINTS, SAMPLES, STRETCHES = 10, 4, 100  # what is kept of a training
PROPERTIES = 6  # that are measured on a picture
ENTROPY_NATS = math.log(CATEGORIES)  # of c1, which no information about it can exceed


class Generator(nn.Module):
    """G: pictures in [0, 1], ink bright, from latents."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(LATENT, WIDTH),
            nn.BatchNorm1d(WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, MAPS * GRID**2),
            nn.BatchNorm1d(MAPS * GRID**2),
            nn.ReLU(),
        )
        self.convolutions = nn.Sequential(
            nn.ConvTranspose2d(MAPS, 64, kernel_size=4, stride=2, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 1, kernel_size=4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Pictures (B, 1, 28, 28) from latents (B, 74)."""
        return self.convolutions(self.dense(latents).view(-1, MAPS, GRID, GRID))


class Discriminator(nn.Module):
    """D and Q, two heads on one body."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(1, 64, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(64, MAPS, kernel_size=4, stride=2, padding=1),
            nn.BatchNorm2d(MAPS),
            nn.LeakyReLU(0.1),
        )
        self.dense = nn.Sequential(
            nn.Flatten(),
            nn.Linear(MAPS * GRID**2, WIDTH),
            nn.BatchNorm1d(WIDTH),
            nn.LeakyReLU(0.1),
        )
        self.realness = nn.Linear(WIDTH, 1)
        self.codes = nn.Sequential(
            nn.Linear(WIDTH, 128),
            nn.BatchNorm1d(128),
            nn.LeakyReLU(0.1),
            nn.Linear(128, CATEGORIES + 1),
        )
        self.stroke = nn.Linear(MAPS, 1)

    def forward(self, pictures: Tensor, shared: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """For pictures (B, 1, 28, 28): D's logits (B,), Q's logits of c1 (B, 10), its means of c2 and c3 (B, 2).

        Args:
            shared: whether what Q learns reaches the body, too; otherwise Q only looks on.
        """
        maps = self.maps(pictures)
        features = self.dense(maps)
        realness = self.realness(features).squeeze(1)
        if not shared:
            maps, features = maps.detach(), features.detach()
        category_logits, c2 = self.codes(features).split([CATEGORIES, 1], dim=1)
        c3 = self.stroke(maps.mean(dim=(2, 3)))
        return realness, category_logits, torch.cat([c2, c3], dim=1)


def latent(noise: Tensor, categories: Tensor, styles: Tensor) -> Tensor:
    """G's input (B, 74): noise z (B, 62), one-hot c1 of categories (B,), styles c2 and c3 (B, 2)."""
    return torch.cat([noise, F.one_hot(categories, CATEGORIES).to(noise.dtype), styles], dim=1)


def mutual_information(category_logits: Tensor, categories: Tensor) -> Tensor:
    """L_I of c1 in nats: a bound from below on what the pictures tell of it (paper, eq. 5), at most ln 10."""
    return ENTROPY_NATS - F.cross_entropy(category_logits.float(), categories)


class Progress(nn.Module):
    """How a training went, in the buffers of a module so that it is saved with the nets.

    Attributes:
        nats: (P,), the mean L_I of each stretch of training, P stretches of one length.
        steps: (T,), after how many steps the samples were made.
        samples: (T, 10, S, 28, 28), grey levels made at those steps from the same latents, a category a row.
    """

    nats: Tensor
    steps: Tensor
    samples: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("nats", torch.zeros(STRETCHES))
        self.register_buffer("steps", torch.zeros(CHECKPOINTS, dtype=torch.int32))
        self.register_buffer("samples", torch.zeros(CHECKPOINTS, CATEGORIES, SAMPLES, 28, 28, dtype=torch.uint8))


class Trained(nn.Module):
    """All nets of the tab, and what was found when they had been trained: the content of one file.

    Attributes:
        categories: (10,), the category that became each digit, by Hungarian matching.
        purities_percent: (10,), how many of a digit's pictures the judge reads as that digit.
        correlations: (2, 6), of c2 and c3 with each measured property, Spearman's within a digit.
        twin_nats: (P,), L_I while the twin was trained.
    """

    categories: Tensor
    purities_percent: Tensor
    correlations: Tensor
    twin_nats: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.generator = Generator()
        self.discriminator = Discriminator()
        self.twin = Generator()
        self.judge = Judge()
        self.progress = Progress()
        self.register_buffer("categories", torch.arange(CATEGORIES, dtype=torch.uint8))
        self.register_buffer("purities_percent", torch.zeros(CATEGORIES))
        self.register_buffer("correlations", torch.zeros(STYLES, PROPERTIES))
        self.register_buffer("twin_nats", torch.zeros(STRETCHES))

"""CapsNet: digits as vectors, whose length says how sure the net is and whose direction says how it was written.

Sabour, Frosst, Hinton 2017, arXiv 1710.09829.
Differences from the paper: gradients flow through the last routing iteration only; the couplings are
treated as constants.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DIGITS = 10
POSE_DIMENSIONS = 16
PRIMARY_TYPES, PRIMARY_DIMENSIONS, PRIMARY_GRID = 32, 8, 6
PRIMARY_CAPSULES = PRIMARY_TYPES * PRIMARY_GRID**2  # 1152


def squash(vectors: Tensor) -> Tensor:
    """Vectors (..., D) of the same direction and a length in [0, 1) (paper, eq. 1)."""
    length_squared = vectors.square().sum(dim=-1, keepdim=True)
    # The epsilon keeps the gradient of the root finite at zero.
    return vectors * (length_squared + 1e-9).sqrt() / (1 + length_squared)


def routing(votes: Tensor, iterations: int = 3) -> tuple[Tensor, list[Tensor]]:
    """Poses (B, J, D) on which votes (B, J, I, D) agree, and the couplings (B, J, I) of every iteration.

    The couplings of one lower capsule I over all upper capsules J sum to 1 (paper, procedure 1).

    Raises:
        ValueError: if there is no iteration to run.
    """
    if iterations < 1:
        raise ValueError(f"iterations must be at least 1, got {iterations}")
    fixed_votes = votes.detach()
    logits = torch.zeros(votes.shape[:3], device=votes.device)
    couplings = []
    for iteration in range(1, iterations + 1):
        coupling = logits.softmax(dim=1)
        couplings.append(coupling)
        source = votes if iteration == iterations else fixed_votes
        poses = squash((coupling.unsqueeze(2).to(votes.dtype) @ source).squeeze(2).float())
        if iteration < iterations:
            agreement = fixed_votes @ poses.unsqueeze(3).to(votes.dtype)
            logits = logits + agreement.squeeze(3)
    return poses, couplings


class CapsNet(nn.Module):
    """The paper's network for 28×28 digits in [0, 1], ink bright: 8,215,568 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 256, kernel_size=9)
        self.primary = nn.Conv2d(256, PRIMARY_TYPES * PRIMARY_DIMENSIONS, kernel_size=9, stride=2)
        transforms = torch.empty(PRIMARY_CAPSULES, PRIMARY_DIMENSIONS, DIGITS * POSE_DIMENSIONS)
        self.transforms = nn.Parameter(nn.init.trunc_normal_(transforms, std=0.1))
        self.decoder = nn.Sequential(
            nn.Linear(DIGITS * POSE_DIMENSIONS, 512),
            nn.ReLU(),
            nn.Linear(512, 1024),
            nn.ReLU(),
            nn.Linear(1024, 28 * 28),
            nn.Sigmoid(),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Poses (B, 10, 16) of the digit capsules in pictures (B, 1, 28, 28)."""
        poses, _ = routing(self.votes(self.primary_capsules(pictures)))
        return poses

    def primary_capsules(self, pictures: Tensor) -> Tensor:
        """Primary capsules (B, 1152, 8): 32 types at each of 6×6 places, types first."""
        features = self.primary(F.relu(self.conv(pictures)))
        capsules = features.view(-1, PRIMARY_TYPES, PRIMARY_DIMENSIONS, PRIMARY_GRID**2).transpose(2, 3)
        return squash(capsules.reshape(-1, PRIMARY_CAPSULES, PRIMARY_DIMENSIONS).float())

    def votes(self, capsules: Tensor) -> Tensor:
        """What each primary capsule predicts for each digit capsule, (B, 1152, 8) → (B, 10, 1152, 16)."""
        votes = torch.bmm(capsules.transpose(0, 1), self.transforms)  # (1152, B, 160)
        return votes.unflatten(2, (DIGITS, POSE_DIMENSIONS)).permute(1, 2, 0, 3).contiguous()

    def reconstruct(self, poses: Tensor, digits: Tensor) -> Tensor:
        """Pictures (B, 1, 28, 28) decoded from one capsule of each (B, 10, 16), the others masked out."""
        chosen = F.one_hot(digits, DIGITS).unsqueeze(2).to(poses.dtype)
        return self.decoder((poses * chosen).flatten(1)).view(-1, 1, 28, 28)


def margin_loss(lengths: Tensor, digits: Tensor) -> Tensor:
    """Mean over the batch of the paper's eq. 4, for capsule lengths (B, 10) and labels (B,)."""
    present = F.one_hot(digits, DIGITS).to(lengths.dtype)
    missed = F.relu(0.9 - lengths).square()
    imagined = F.relu(lengths - 0.1).square()
    return (present * missed + 0.5 * (1 - present) * imagined).sum(dim=1).mean()


def reconstruction_loss(reconstructions: Tensor, pictures: Tensor) -> Tensor:
    """0.0005 × the squared error summed over a picture, averaged over the batch (paper, section 4.1)."""
    return 0.0005 * (reconstructions - pictures).square().flatten(1).sum(dim=1).mean()

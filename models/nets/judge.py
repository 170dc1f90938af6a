"""A small convolutional net that reads digits, trained on labels: what tells whether a made digit is a digit."""

from torch import Tensor, nn


def block(inputs: int, outputs: int) -> list[nn.Module]:
    """A 3×3 convolution that keeps the size, normalised and rectified."""
    return [nn.Conv2d(inputs, outputs, kernel_size=3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]


class Judge(nn.Module):
    """Reads 28×28 digits in [0, 1], ink bright: 54,890 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *block(1, 16),
            nn.MaxPool2d(2),
            *block(16, 32),
            nn.MaxPool2d(2),
            *block(32, 64),
            nn.Flatten(),
            nn.Linear(64 * 7 * 7, 10),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (B, 10) of the digits in pictures (B, 1, 28, 28)."""
        return self.layers(pictures)

"""torchvision's classifiers, whose parts run one after the other, as nets that return activations by name."""

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from models.nets.stages import pick


class Chain(nn.Module):
    """Reads pictures in [0, 1], RGB, with a torchvision classifier that wants them from −1 to 1.

    Args:
        net: its children, in order, are what its `forward` runs.
        layers: the children to be had by name.
    """

    def __init__(self, net: nn.Module, layers: Sequence[str]) -> None:
        super().__init__()
        self.net, self.layers = net, layers

    def stages(self, pictures: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Each layer's activation (B, C, H, W), as soon as it is computed; at last the "logits" (B, classes)."""
        features = 2 * pictures - 1
        for name, part in self.net.named_children():
            features = part(features.flatten(1) if name == "fc" else features)
            if name in self.layers:
                yield name, features
        yield "logits", features

    def forward(self, pictures: Tensor, layers: Sequence[str] = ("logits",)) -> dict[str, Tensor]:
        """The activations asked for, by name; nothing is computed beyond the deepest of them."""
        return pick(self.stages(pictures), layers)

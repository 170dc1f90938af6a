"""How the embedded CapsNet was trained: `python -m weights.train.capsnet`, `--evaluate` to measure it.

Adam, batches of 128, shifts of up to 2 pixels in each direction, one cosine cycle of the learning
rate; the last epoch is kept, so that the test digits choose nothing.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, RandomSampler
from tqdm import tqdm

from models.digits import NATURAL_SPREAD, measure
from models.nets.capsnet import CapsNet, margin_loss, reconstruction_loss
from weights.train.mnist import load_mnist
from weights.train.recipe import Checkpoint, arguments, embed, evaluate_embedded

EPOCHS = {"cpu": 20, "cuda": 60}  # about 100 minutes on 2 cores; not yet timed on a GPU
BATCH = 128
PEAK_LEARNING_RATE = 1e-3
LARGEST_SHIFT_PX = 2


def shift(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (B, 1, H, W), each moved by its own whole number of pixels, black coming in at the edge."""
    height, width = pictures.shape[2:]
    padded = torch.nn.functional.pad(pictures, [LARGEST_SHIFT_PX] * 4)
    offsets = torch.randint(0, 2 * LARGEST_SHIFT_PX + 1, (2, len(pictures), 1), generator=generator)
    rows, columns = offsets[0] + torch.arange(height), offsets[1] + torch.arange(width)
    each = torch.arange(len(pictures))[:, None, None]
    return padded[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def training_loss(net: CapsNet, pictures: Tensor, digits: Tensor) -> Tensor:
    """Margin loss plus the reconstruction from the true digit's capsule."""
    poses = net(pictures)
    reconstructions = net.reconstruct(poses, digits).float()
    return margin_loss(poses.norm(dim=2), digits) + reconstruction_loss(reconstructions, pictures)


def train(data: Path | None, checkpoint: Checkpoint, device: torch.device, epochs: int, seed: int) -> CapsNet:
    """The trained net, after `epochs` of which those in the checkpoint are not run again."""
    pictures, digits = load_mnist("train", data)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = CapsNet().to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters())
    batches = BatchSampler(RandomSampler(pictures, generator=generator), BATCH, drop_last=False)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_LEARNING_RATE, total_steps=epochs * len(batches), pct_start=0.05, cycle_momentum=False
    )
    state = {"net": net, "optimizer": optimizer, "schedule": schedule}
    for epoch in range(checkpoint.load(state, generator), epochs):
        with tqdm(batches, desc=f"epoch {epoch + 1} of {epochs}") as progress:
            for batch in progress:
                shifted = shift(pictures[batch].float() / 255, generator).to(device)
                with torch.autocast(device.type, torch.bfloat16):
                    loss = training_loss(net, shifted, digits[batch].to(device))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                progress.set_postfix(loss=f"{loss.item():.4f}")
        checkpoint.save(state, generator, epoch + 1)
    return net


@torch.inference_mode()
def test_error_percent(net: CapsNet, data: Path | None) -> float:
    """Share of the 10,000 test digits whose longest capsule is another digit's."""
    pictures, digits = load_mnist("test", data)
    longest = [net(part.float() / 255).norm(dim=2).argmax(dim=1) for part in pictures.split(250)]
    return 100 * (torch.cat(longest) != digits).float().mean().item()


def evaluate(net: CapsNet, data: Path | None) -> dict[str, float]:
    """The figures that the manifest and `models/capsnet.py` carry."""
    spread = {f"spread_{name.replace(' ', '_')}": value for name, value in natural_spread(data).items()}
    return {
        "test_error_percent": test_error_percent(net, data),
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        **spread,
    }


def natural_spread(data: Path | None) -> dict[str, float]:
    """How much each measured property differs between training digits of one class, shifted as in training."""
    pictures, digits = load_mnist("train", data)
    measured = measure(shift(pictures.float() / 255, torch.Generator().manual_seed(0))[:, 0])
    spread = torch.stack([measured[digits == digit].std(dim=0) for digit in range(10)]).mean(dim=0)
    return dict(zip(NATURAL_SPREAD, spread.tolist(), strict=True))


def main() -> None:
    options = arguments(__doc__, "capsnet", EPOCHS)
    if not options.evaluate:
        net = train(options.data, options.checkpoint, options.device, options.epochs, options.seed)
        print(f"float32_test_error_percent: {test_error_percent(net.eval().cpu(), options.data):.4g}")
        embed("capsnet", net.state_dict())
        options.checkpoint.path.unlink()
    evaluate_embedded("capsnet", CapsNet(), evaluate, options.data)


if __name__ == "__main__":
    main()

"""The only converter between pictures and tensors."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def to_tensor(picture: Image.Image | np.ndarray) -> Tensor:
    """A picture, uint8 (H, W) or (H, W, C), as float (1, C, H, W) in [0, 1]."""
    array = np.asarray(picture, dtype=np.uint8)
    array = array.reshape(*array.shape[:2], -1)
    return torch.tensor(array).permute(2, 0, 1).unsqueeze(0).float() / 255


def to_uint8(tensor: Tensor) -> np.ndarray:
    """Float (1, C, H, W), clipped to [0, 1], as uint8 (H, W, C), or (H, W) for one channel."""
    channels = tensor.detach().squeeze(0).clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
    array = channels.permute(1, 2, 0).numpy()
    return array[:, :, 0] if array.shape[2] == 1 else array

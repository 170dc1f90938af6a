"""The kinds of weight files: what each one's bytes must be, and how they become tensors."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from safetensors.torch import load as parse_safetensors
from torch import Tensor


class WeightsError(Exception):
    """Weights that are not the bytes the manifest names, or that are nowhere."""


@dataclass(frozen=True)
class File:
    """One safetensors file: its name in any folder, and what its bytes must be.

    Args:
        only: how the names of the tensors begin that are wanted of it.
    """

    path: str
    sha256: str
    size: int
    only: str = field(default="", kw_only=True)

    def tensors(self, content: bytes) -> dict[str, Tensor]:
        """The tensors in the file's content, which is checked before it is parsed.

        Raises:
            WeightsError: if these are not the bytes that the manifest names.
        """
        check(self.path, self.sha256, hashlib.sha256(content).hexdigest())
        return parse_safetensors(part(content, self.only) if self.only else content)


@dataclass(frozen=True)
class HubFile(File):
    """A file at one commit of a model repository on the Hub, or at "main" where only its bytes are pinned."""

    repo: str
    commit: str


@dataclass(frozen=True)
class OnnxFile(HubFile):
    """The weights and biases of a graph's convolutions and linear layers, which take our names in the graph's order.

    `sha256` is that of the tensors, by `digest`: a graph may be written down in many ways.
    """

    layers: tuple[str, ...]

    def tensors(self, content: bytes) -> dict[str, Tensor]:
        """The tensors in the graph.

        Raises:
            WeightsError: if it cannot be read as ONNX, or holds other tensors.
        """
        try:
            found = self.parameters(content)
        except Exception as failure:  # whatever protobuf and onnx raise at foreign bytes
            raise WeightsError(f"{self.path} must be the ONNX file of {self.repo}, got other bytes") from failure
        check(self.path, self.sha256, digest(found))
        return found

    def parameters(self, content: bytes) -> dict[str, Tensor]:
        """Each layer's weight and bias."""
        from onnx import load_model_from_string, numpy_helper  # half a second, and few ever need it

        graph = load_model_from_string(content).graph
        arrays = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
        nodes = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
        return {
            f"{layer}.{kind}": torch.tensor(arrays[name])
            for layer, node in zip(self.layers, nodes, strict=True)
            for kind, name in zip(("weight", "bias"), node.input[1:], strict=True)
        }


@dataclass(frozen=True)
class GraphFile(HubFile):
    """A whole ONNX graph, to be run as it is: one tensor, "graph", of its bytes."""

    def tensors(self, content: bytes) -> dict[str, Tensor]:
        """The graph's bytes.

        Raises:
            WeightsError: if these are not the bytes that the manifest names.
        """
        check(self.path, self.sha256, hashlib.sha256(content).hexdigest())
        return {"graph": torch.frombuffer(bytearray(content), dtype=torch.uint8)}


@dataclass(frozen=True)
class TorchvisionFile:
    """An official checkpoint of torchvision, which torchvision itself fetches and parses.

    Args:
        path: its name in torchvision's cache.
        sha256: how that begins.
        weight: the name that `torchvision.models.get_weight` knows it by.
        size: in bytes.
    """

    path: str
    sha256: str
    weight: str
    size: int = 0


def part(content: bytes, only: str) -> bytes:
    """The safetensors file of those tensors alone whose names begin so; of the others nothing is copied."""
    begin = 8 + int.from_bytes(content[:8], "little")
    listed, data = {}, bytearray()
    for name, told in json.loads(content[8:begin]).items():
        if name.startswith(only):
            first, last = (begin + offset for offset in told["data_offsets"])
            listed[name] = told | {"data_offsets": [len(data), len(data) + last - first]}
            data += content[first:last]
    header = json.dumps(listed).encode()
    return len(header).to_bytes(8, "little") + header + data


def check(path: str, sha256: str, found: str) -> None:
    """Raises WeightsError unless the sha256 found of a file is, or begins with, the one that the manifest names."""
    if not found.startswith(sha256):
        raise WeightsError(f"{path} must have sha256 {sha256}, got {found}")


def digest(tensors: Mapping[str, Tensor]) -> str:
    """The sha256 of tensors, by their names, shapes and float32 bytes."""
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        total.update(f"{name} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.float().contiguous().numpy().astype("<f4").tobytes())
    return total.hexdigest()

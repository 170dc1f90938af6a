"""Nets as ONNX graphs, which onnxruntime answers sooner on a CPU than torch does, and without a compiler.

A net is asked once about a black picture, and each of its steps is written down in https://onnx.ai/onnx/operators.
Nothing but this thread is watched meanwhile: `torch.fx` would trip up whoever else asks any net just then.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from models.nets.yolox import Focus

OPSET, IR_VERSION = 17, 8  # of 2022, which every onnxruntime that fits can read
BLOCKED_SILU = [1, 25]  # the first onnxruntime that has a fused SiLU in its convolutions' own layout
END = 2**31 - 1  # of an axis, however long it is


def graph_of(net: nn.Module, side_px: int) -> bytes:
    """A folded net's ONNX model, from "pictures" (1, 3, S, S) in float32 to "candidates" (1, N, 5 + K).

    Raises:
        ValueError: if the net does what is not known here; normalisations are not, see `fold`.
    """
    from onnx import TensorProto, helper, numpy_helper  # half a second

    sheet, net, picture = Sheet(), unfocused(net), torch.zeros(1, 3, side_px, side_px)
    mark(picture, "pictures")
    with torch.no_grad(), sheet:
        answer = net(picture)
    steps = [*sheet.steps, ("Identity", [sheet.named(answer)], ["candidates"], {})]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, outputs, outputs[0], **form) for kind, inputs, outputs, form in steps],
        type(net).__name__,
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, picture.shape)],
        [helper.make_tensor_value_info("candidates", TensorProto.FLOAT, answer.shape)],
        [numpy_helper.from_array(value.numpy(force=True), name) for name, value in sheet.constants.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION).SerializeToString()


def session(graph: bytes, threads: int | None = None) -> Callable[[Tensor], Tensor]:
    """A function from a picture (1, 3, S, S) to its candidates (1, N, 5 + K), both on the CPU.

    It remembers nothing, and several threads may call it at once.

    Args:
        threads: how many share the work on a picture; unless told, as many as in torch.
    """
    from onnxruntime import InferenceSession, SessionOptions, __version__

    options = SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads or torch.get_num_threads(), 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # or they keep the other cores busy, idly
    slower = [] if [int(part) for part in __version__.split(".")[:2]] >= BLOCKED_SILU else ["QuickGeluFusion"]
    runner = InferenceSession(graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=slower)
    [asked] = runner.get_inputs()

    def candidates(pictures: Tensor) -> Tensor:
        [answer] = runner.run(None, {asked.name: pictures.numpy(force=True)})
        return torch.from_numpy(answer)

    return candidates


def unfocused(net: nn.Module) -> nn.Module:
    """A copy of the net whose Focus looks at the picture itself."""
    net = copy.deepcopy(net)
    for name, layer in list(net.named_modules()):
        if isinstance(layer, Focus):
            net.set_submodule(name, whole(layer))
    return net


def whole(layer: Focus) -> nn.Sequential:
    """The same as a convolution at every second place: 3 × 3 weights for four small pictures are 6 × 6 for one."""
    conv = layer.conv.conv
    weight = conv.weight.unflatten(1, (2, 2, -1)).permute(0, 3, 4, 2, 5, 1)  # (O, C, 3, row, 3, column)
    large = nn.Conv2d(weight.shape[1], len(weight), 6, stride=2, padding=2)
    large.weight, large.bias = nn.Parameter(weight.flatten(4, 5).flatten(2, 3)), conv.bias
    return nn.Sequential(large, layer.conv.bn, layer.conv.act)


class Sheet(TorchFunctionMode):
    """Where everything is written down that this thread does with tensors, which bear their names as `written`."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[str, list[str], list[str], dict[str, Any]]] = []  # operator, inputs, outputs, attributes
        self.constants: dict[str, Tensor] = {}

    def __torch_function__(
        self, function: Callable[..., Any], _: object, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> object:
        if function not in KNOWN:
            raise ValueError(f"net must do only what {__name__} knows, got {function.__name__}")
        answer = function(*args, **(kwargs or {}))
        KNOWN[function](self, answer, *args, **(kwargs or {}))
        return answer

    def write(self, kind: str, inputs: Sequence[Any], *answers: Tensor, **form: object) -> str:
        """The name of what an operator returns for tensors, names, lists, numbers, or None where one is left out."""
        names = [f"{kind}_{len(self.steps)}_{place}" for place in range(max(1, len(answers)))]
        self.steps.append((kind, ["" if value is None else self.named(value) for value in inputs], names, form))
        for answer, name in zip(answers, names, strict=False):
            mark(answer, name)
        return names[0]

    def named(self, value: str | Tensor | list[float] | float) -> str:
        """The name itself, that of a tensor, or that of a new constant."""
        if isinstance(value, str):
            return value
        if hasattr(value, "written"):
            return value.written
        name = f"constant_{len(self.constants)}"
        self.constants[name] = torch.as_tensor(float(value) if isinstance(value, int) else value)
        return name


def mark(tensor: Tensor, name: str) -> None:
    """Lets a tensor bear its name; torch knows no such attribute, but minds none."""
    tensor.written = name  # type: ignore[attr-defined]


def convolution(sheet: Sheet, answer: Tensor, features: Tensor, weight: Tensor, bias: Tensor, *form: Any) -> None:
    strides, padding, dilations, groups = form
    where = {"strides": strides, "pads": 2 * padding, "dilations": dilations}
    sheet.write("Conv", [features, weight, bias], answer, group=groups, **where)


def silu(sheet: Sheet, answer: Tensor, values: Tensor, **_: bool) -> None:
    sheet.write("Mul", [values, sheet.write("Sigmoid", [values])], answer)


def pooled(sheet: Sheet, answer: Tensor, features: Tensor, kernel: int, stride: int, padding: int, **_: int) -> None:
    form = {"kernel_shape": 2 * [kernel], "strides": 2 * [stride], "pads": 4 * [padding]}
    sheet.write("MaxPool", [features], answer, **form)


def enlarged(sheet: Sheet, answer: Tensor, features: Tensor, scale_factor: float, mode: str, **_: None) -> None:
    form = {"mode": mode, "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    sheet.write("Resize", [features, None, [1.0, 1.0, scale_factor, scale_factor]], answer, **form)


def sliced(sheet: Sheet, answer: Tensor, values: Tensor, index: tuple[Any, ...]) -> None:
    """What slices leave of the last axes."""
    ellipsis, *slices = index
    if ellipsis is not ...:
        raise ValueError(f"net must slice only its last axes, after an ellipsis, got {index}")
    starts = [part.start or 0 for part in slices]
    ends = [END if part.stop is None else part.stop for part in slices]
    steps = [part.step or 1 for part in slices]
    sheet.write("Slice", [values, starts, ends, [*range(-len(slices), 0)], steps], answer)


def split(sheet: Sheet, answers: tuple[Tensor, ...], values: Tensor, _: int, dim: int) -> None:
    sheet.write("Split", [values, [part.shape[dim] for part in answers]], *answers, axis=dim)


def transposed(sheet: Sheet, answer: Tensor, values: Tensor, one: int, other: int) -> None:
    axes = [*range(values.ndim)]
    axes[one], axes[other] = axes[other], axes[one]
    sheet.write("Transpose", [values], answer, perm=axes)


# Each is told where to write, torch's answer, and what torch was asked.
KNOWN: dict[Callable[..., Any], Callable[..., object]] = {
    F.conv2d: convolution,
    F.interpolate: enlarged,
    F.max_pool2d: pooled,
    F.silu: silu,
    torch.cat: lambda sheet, answer, parts, dim: sheet.write("Concat", parts, answer, axis=dim),
    Tensor.__getitem__: sliced,
    Tensor.dim: lambda *_: None,  # no step, but batch_norm asks for it, and is to be refused by its own name
    Tensor.add: lambda sheet, answer, *values: sheet.write("Add", values, answer),
    Tensor.flatten: lambda sheet, answer, values, _: sheet.write("Reshape", [values, [*answer.shape]], answer),
    Tensor.mul: lambda sheet, answer, *values: sheet.write("Mul", values, answer),
    Tensor.sigmoid: lambda sheet, answer, values: sheet.write("Sigmoid", [values], answer),
    Tensor.split: split,
    Tensor.transpose: transposed,
}

"""A stand-in for the `spaces` package of a ZeroGPU Space that has no GPU, and holds the app to the rules of one.

Put its parent folder first on PYTHONPATH, and `import spaces` finds it; `SPACES_ZERO_GPU=true` tells the app and Gradio
where they are. As on a Space, a decorated call runs in a forked process: what it is given and what it gives back is
pickled, what else it changes is lost, and of its errors only a `gr.Error` keeps its words. Unlike there, a broken rule
is a `RuleError` that says so. `GPU_CALLS`, where it is set, names a file that gets a line of JSON for each call.
"""

import contextlib
import contextvars
import inspect
import io
import json
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial, wraps
from typing import Any

if "torch" in sys.modules:
    raise ImportError("spaces must be imported before torch: it patches what torch believes of CUDA")

import gradio as gr  # as the real one does, so settings for Gradio must stand before `import spaces`
from gradio.context import LocalContext

DEFAULT_S = 60
LONGEST_S = 120

Duration = int | float | timedelta | Callable[..., int | float | timedelta] | None

processes = multiprocessing.get_context("fork")
decorated: dict[Callable, Duration] = {}  # every function that asked for the GPU, and for how long
inside = False  # a decorated call, that is in its process


class RuleError(RuntimeError):
    """What would fail on a Space, or cost visitors their quota."""


def GPU(task: Callable | None = None, *, duration: Duration = None, size: str | None = None) -> Callable:  # noqa: N802
    """The function, run where the GPU is; without a function, the decorator.

    Raises:
        RuleError: if the function is asynchronous, or asks for no time or for too much.
    """
    if not callable(task):
        return partial(GPU, duration=duration if task is None else task, size=size)
    if inspect.iscoroutinefunction(task) or inspect.isasyncgenfunction(task):
        raise RuleError(f"{task.__qualname__} must be a function or a generator, and is asynchronous")
    if not callable(duration):
        seconds_of(duration)
    decorated[task] = duration

    @wraps(task)
    def generator(*args: Any, **kwargs: Any) -> Iterator:
        if inside:
            yield from task(*args, **kwargs)
        else:
            yield from lent(task, duration, args, kwargs)

    @wraps(task)
    def function(*args: Any, **kwargs: Any) -> Any:
        if inside:
            return task(*args, **kwargs)
        [result] = lent(task, duration, args, kwargs)
        return result

    return generator if inspect.isgeneratorfunction(task) else function


def gradio_auto_wrap(task: Callable | None) -> Callable | None:
    """The function as it is: Gradio asks for this on a Space, where it may be set to decorate every event."""
    return task


def seconds_of(duration: int | float | timedelta | None) -> float:
    """How long a call may take; raises RuleError if that is not between 0 and `LONGEST_S`."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    seconds = DEFAULT_S if seconds is None else seconds
    if not 0 < seconds <= LONGEST_S:
        raise RuleError(f"duration must be above 0 and at most {LONGEST_S} seconds, got {seconds}")
    return seconds


def lent(task: Callable, duration: Duration, args: tuple, kwargs: dict[str, Any]) -> Iterator:
    """What a call gives back, one by one, for as long as it asked the GPU for."""
    seconds = seconds_of(duration(*args, **kwargs) if callable(duration) else duration)
    note(call=task.__qualname__, seconds=seconds, visitor=LocalContext.request.get(None) is not None)
    given = packed((args, kwargs), f"what {task.__qualname__} is given")
    results, stop = processes.Queue(), processes.Event()
    worker = processes.Process(target=work, args=(task, given, seconds, results, stop), daemon=True)
    worker.start()
    try:
        while (result := pickle.loads(results.get(timeout=2 * LONGEST_S))) is not None:
            yield opened(*result)
    finally:
        stop.set()
        while worker.is_alive():  # as there, closing waits for the next result; until it is read, the process stays
            with contextlib.suppress(queue.Empty):
                results.get(timeout=0.02)


def opened(kind: str, result: Any) -> Any:
    """A result; raises the error that it is, as a visitor of a Space would see it."""
    if kind == "rule":
        raise RuleError(result)
    if kind == "gr.Error":
        raise result
    if kind == "error":
        raise gr.Error(result, title="ZeroGPU worker error", print_exception=False)
    return result


def work(task: Callable, given: bytes, seconds: float, results: Any, stop: Any) -> None:
    """The forked process: runs a call in a thread of its own, tells what it gives back, and at last that it ended."""
    global inside
    inside = True
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def run() -> None:
        try:
            with contextlib.closing(ruled(task, given, seconds)) as made:
                for result in made:
                    results.put(result)
                    if stop.is_set():
                        break
        except RuleError as broken:
            results.put(pickle.dumps(("rule", str(broken))))
        except gr.Error as told:
            results.put(pickle.dumps(("gr.Error", told)))
        except Exception as error:  # whatever it is, a visitor hears its name only
            traceback.print_exc()
            results.put(pickle.dumps(("error", type(error).__name__)))

    with ThreadPoolExecutor(1) as thread:  # as there: the forking thread's OpenMP does not survive the fork
        thread.submit(contextvars.copy_context().run, run)
    results.put(pickle.dumps(None))


def ruled(task: Callable, given: bytes, seconds: float) -> Iterator[bytes]:
    """What a call gives back, packed; raises RuleError where it breaks a rule."""
    args, kwargs = pickle.loads(given)
    deadline = time.monotonic() + seconds
    with nets_stay():
        made = task(*args, **kwargs)
        for result in made if inspect.isgenerator(made) else [made]:
            yield packed(("result", result), f"what {task.__qualname__} gives back")
            if time.monotonic() > deadline:
                raise RuleError(f"{task.__qualname__} asked for {seconds:g} s and takes longer: it may be aborted")


@contextlib.contextmanager
def nets_stay() -> Iterator[None]:
    """Within, no net is filled or moved: that must have happened before, in the process that calls are forked from."""
    from torch.nn import Module

    def refuse(*_: Any, **__: Any) -> None:
        raise RuleError("a net is loaded or moved inside a decorated call: do it before, where it happens once")

    kept = Module._apply, Module.load_state_dict  # `to`, `cuda`, `half` and their like all come to `_apply`
    Module._apply = Module.load_state_dict = refuse
    try:
        yield
    finally:
        Module._apply, Module.load_state_dict = kept


def packed(value: Any, what: str) -> bytes:
    """A value as it crosses between processes; raises RuleError if it cannot, or must not."""
    parcel = io.BytesIO()
    try:
        Packer(parcel, what).dump(value)
    except (pickle.PicklingError, TypeError, AttributeError) as failure:
        raise RuleError(f"{what} cannot be pickled: {failure}") from failure
    return parcel.getvalue()


class Packer(pickle.Pickler):
    """Pickles, and looks at every object that it meets."""

    def __init__(self, parcel: io.BytesIO, what: str) -> None:
        super().__init__(parcel)
        self.what = what

    def persistent_id(self, thing: Any) -> None:
        """Nothing: this is only where every object comes by."""
        from torch import Tensor
        from torch.nn import Module

        if isinstance(thing, Module):
            raise RuleError(f"{self.what} must hold no net: its weights would be copied at each call")
        if isinstance(thing, Tensor) and (thing.device.type != "cpu" or thing.requires_grad):
            raise RuleError(f"{self.what} must be plain, NumPy's, or detached tensors on the CPU")


def note(**told: Any) -> None:
    """Add a line to the file that `GPU_CALLS` names."""
    if os.environ.get("GPU_CALLS"):
        with open(os.environ["GPU_CALLS"], "a", encoding="utf-8") as lines:
            lines.write(json.dumps(told) + "\n")


def launch_checked(launch: Callable) -> Callable:
    """Gradio's launch, which on a Space fails unless something is decorated by then."""

    @wraps(launch)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not decorated:
            raise RuleError("at least one function must be decorated with spaces.GPU before launch")
        note(launch=[task.__qualname__ for task in decorated])
        return launch(*args, **kwargs)

    return checked


gr.Blocks.launch = launch_checked(gr.Blocks.launch)

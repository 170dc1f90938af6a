"""Turns for heavy work: dreams, paintings, figures and films run one at a time, and whoever waits knows how long.

All their steps run on one thread, so that two never overlap, not even while one is being stopped. The thread gives way
to everything else: sliders stay quick beside a dream.
"""

import asyncio
import contextlib
import contextvars
import logging
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from demos.serving.counts import COUNTS

MOST_WAITING = 32  # of all visitors
MOST_OF_ONE = 3  # turns of one visitor, the one that runs among them
LONGEST_S = 330.0  # how long one turn lasts at most; runs end themselves a little earlier, with what they have
TELL_EVERY_S = 1.0  # how often who waits hears how things stand
LEAST_DONE = 0.02  # of a turn, to tell from it how long the rest will take
REMEMBERED = 20  # turns of a kind, to tell from how long the next will take
GIVES_WAY = 10  # the thread's niceness: beside other work it gets a tenth of a core
LEAVING = "The server is restarting. What ran here is lost; run it again in a moment."

END = object()
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """How many turns come before one, and about how many seconds they take, where that can be told."""

    before: int
    seconds: float | None

    def __str__(self) -> str:
        line = "You are next." if self.before == 1 else f"{self.before} are before you."
        comes = f" Your turn comes{about(self.seconds)}." if self.seconds is not None else ""
        return f"{line}{comes} Stop gives the place away."


@dataclass(eq=False)
class Turn:
    """One piece of heavy work: which kind, whose, since when it runs, and why it has to end, once it has.

    Args:
        rank: how many turns the visitor had already when he asked for this one.
        done: which part of the work is done, where that is known.
    """

    kind: str
    visitor: str
    rank: int
    called: asyncio.Event = field(default_factory=asyncio.Event)
    joined: float = field(default_factory=time.monotonic)
    began: float = 0.0
    done: float = 0.0
    over: str = ""


class Gate:
    """One device's heavy work. All but the work itself happens on the event loop, so nothing here needs a lock."""

    def __init__(self, most_waiting: int = MOST_WAITING, longest_s: float = LONGEST_S) -> None:
        self.most_waiting, self.longest_s = most_waiting, longest_s
        self.running: Turn | None = None
        self.waiting: list[Turn] = []
        self.closed = ""
        self.took: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.thread = ThreadPoolExecutor(1, "heavy work", give_way, (GIVES_WAY,))

    async def steps(
        self, kind: str, visitor: str, work: Callable[[], Iterator[Any]], done: Callable[[Any], float] = lambda _: 0.0
    ) -> AsyncIterator[Any]:
        """What the work yields once it is its turn; until then, every second, how the waiting stands.

        Closing this iterator, or cancelling what waits for it, ends the work after the step under way.

        Args:
            done: which part of the work is done, by what it yielded last; 0 where that is not known.

        Raises:
            ValueError: if too many wait, the turn took too long, or the server is leaving.
        """
        turn, iterator, ended = self.join(kind, visitor), iter(()), "stopped"
        context = contextvars.copy_context()  # of the event that asked: Gradio forgets the request between steps
        try:
            while not turn.called.is_set() and not turn.over:
                yield self.outlook(turn)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(turn.called.wait(), TELL_EVERY_S)
            iterator = work()
            while (item := await self.step(turn, context, iterator)) is not END:
                turn.done = done(item)
                yield item
            ended = "done"
        except Exception as failure:
            ended = "over" if turn.over else type(failure).__name__
            raise
        finally:
            self.thread.submit(getattr(iterator, "close", tuple))  # behind a step that may still be under way
            self.leave(turn, ended)

    async def step(self, turn: Turn, context: contextvars.Context, iterator: Iterator[Any]) -> Any:
        """The next thing that the work yields, or `END`."""
        if not turn.over:
            item = await asyncio.get_running_loop().run_in_executor(self.thread, context.run, next, iterator, END)
        if turn.over:
            raise ValueError(turn.over)
        return item

    def join(self, kind: str, visitor: str) -> Turn:
        """A turn at the end of the line, called at once where there is none.

        Raises:
            ValueError: if the line is full, the visitor has enough turns, or the server is leaving.
        """
        if self.closed:
            raise ValueError(self.closed)
        if len(self.waiting) >= self.most_waiting:
            raise ValueError(f"{len(self.waiting)} runs wait already: come back{about(self.whole_wait()) or ' later'}.")
        rank = sum(turn.visitor == visitor for turn in self.everybody())
        if rank >= MOST_OF_ONE:
            raise ValueError(f"You have {MOST_OF_ONE} runs under way: wait for one of them, or stop it.")
        turn = Turn(kind, visitor, rank)
        self.waiting.append(turn)
        self.call()
        return turn

    def call(self) -> None:
        """Call the next one, if nobody runs."""
        if self.running or not self.waiting:
            return
        self.running = turn = self.order()[0]
        self.waiting.remove(turn)
        turn.began = time.monotonic()
        turn.called.set()
        asyncio.get_running_loop().call_later(self.longest_s, self.expire, turn)

    def order(self) -> list[Turn]:
        """Who comes when: everybody's first turn before anybody's second, else as they came."""
        return sorted(self.waiting, key=lambda turn: turn.rank)

    def leave(self, turn: Turn, ended: str) -> None:
        """The turn is over, or given away: the next one may come. One that has left already stays away."""
        if turn not in self.everybody():
            return
        seconds = time.monotonic() - turn.began
        if turn in self.waiting:
            self.waiting.remove(turn)
        if ended == "done":
            self.took[turn.kind].append(seconds)
        if turn.began:
            waited = round(turn.began - turn.joined, 3)
            log.info("run", extra={"kind": turn.kind, "ended": ended, "waited_s": waited, "ran_s": round(seconds, 3)})
            COUNTS.add(turn.kind, ended, seconds)
        if turn is self.running:
            self.running = None
            self.call()

    def expire(self, turn: Turn) -> None:
        """Its time is up, whether somebody listens or not."""
        if turn is self.running:
            turn.over = f"This took longer than {self.longest_s / 60:.0f} minutes and was ended: choose a smaller size."
            self.leave(turn, "over")

    def close(self, because: str = LEAVING) -> None:
        """No more turns; those that run or wait are told why."""
        self.closed = because
        for turn in self.everybody():
            turn.over = because
            turn.called.set()

    def everybody(self) -> list[Turn]:
        """All turns, the running one first."""
        return [self.running, *self.order()] if self.running else self.order()

    # --- how long ------------------------------------------------------------------------------------------------

    def outlook(self, turn: Turn) -> Waiting:
        """How things stand for one that waits."""
        before = self.everybody()[: self.everybody().index(turn)]
        return Waiting(len(before), self.seconds_of(before))

    def whole_wait(self) -> float | None:
        """How long all that run and wait will take, where that can be told."""
        return self.seconds_of(self.everybody())

    def seconds_of(self, turns: list[Turn]) -> float | None:
        """How long some turns will take still, where that can be told."""
        left = [self.left_of(turn) for turn in turns]
        return None if None in left else sum(left)

    def left_of(self, turn: Turn) -> float | None:
        """How long one turn will take still: by its own progress, or by the last ones of its kind, or of any."""
        ran = time.monotonic() - turn.began if turn.began else 0.0
        if turn.done > LEAST_DONE:
            return ran * (1 - turn.done) / turn.done
        known = self.took[turn.kind] or [seconds for taken in self.took.values() for seconds in taken]
        usual = fmean(known) if known else 0.0
        return max(1.0, usual - ran) if usual > ran else None


def about(seconds: float | None) -> str:
    """So many seconds, in words to end a sentence with, or nothing."""
    if seconds is None:
        return ""
    return f" in about {seconds:.0f} s" if seconds < 90 else f" in about {seconds / 60:.0f} min"


def give_way(niceness: int) -> None:
    """Let other threads go before this one and those it begins; Linux alone knows that of threads."""
    if hasattr(os, "setpriority") and os.path.exists("/proc/self/task"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


GATE = Gate()

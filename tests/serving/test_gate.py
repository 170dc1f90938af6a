"""Turns for heavy work: one at a time, fair, ended in time, and told how long."""

import asyncio
import threading
import time
from contextlib import aclosing

import pytest

from demos.serving.counts import COUNTS
from demos.serving.gate import LEAVING, Gate, Waiting


def count_to(number, pause=0.0, trace=None, name=None):
    """A toy run: so many steps, each noted while it is under way."""
    for step in range(number):
        if trace is not None:
            trace.append((name, "in"))
        time.sleep(pause)
        if trace is not None:
            trace.append((name, "out"))
        yield step


async def done(gate, visitor="ann", work=lambda: count_to(3), kind="toy"):
    """What a run yielded."""
    return [item async for item in gate.steps(kind, visitor, work)]


def steps_of(items):
    return [item for item in items if not isinstance(item, Waiting)]


def test_who_comes_alone_runs_at_once():
    assert asyncio.run(done(Gate())) == [0, 1, 2]


def test_three_hundred_visitors_never_run_two_at_a_time_and_none_is_lost():
    gate, trace = Gate(most_waiting=300), []

    async def hall():
        return await asyncio.gather(
            *(done(gate, f"v{i}", lambda i=i: count_to(2, 0.001, trace, i)) for i in range(300))
        )

    assert [steps_of(items) for items in asyncio.run(hall())] == [[0, 1]] * 300
    assert all(trace[i][0] == trace[i + 1][0] and trace[i][1] == "in" for i in range(0, len(trace), 2))
    names = [name for name, event in trace if event == "in"]
    assert len(set(names)) == 300
    assert all(names[i] == names[i + 1] for i in range(0, len(names), 2)), "a run was interrupted by another"


def test_who_waits_is_told_his_place_and_about_how_long():
    gate = Gate()

    async def two():
        await done(gate, work=lambda: count_to(2, 0.1))  # from which it learns how long a toy takes
        first = asyncio.create_task(done(gate, "ann", lambda: count_to(2, 0.1)))
        await asyncio.sleep(0)
        return await done(gate, "bob"), await first

    told, _ = asyncio.run(two())
    assert isinstance(told[0], Waiting)
    assert told[0].before == 1
    assert str(told[0]) == "You are next. Your turn comes in about 1 s. Stop gives the place away."
    assert steps_of(told) == [0, 1, 2]


def test_outlook_follows_the_progress_of_who_runs_not_the_custom():
    gate = Gate()

    async def two():
        await done(gate, work=lambda: count_to(1, 0.01))  # the custom: next to nothing
        long = lambda: count_to(20, 0.1)  # noqa: E731
        first = asyncio.create_task(consumed(gate.steps("toy", "ann", long, lambda step: (step + 1) / 20)))
        await asyncio.sleep(0.45)
        told = await anext(waiting := gate.steps("toy", "bob", long))
        await waiting.aclose()
        first.cancel()
        return told

    async def consumed(steps):
        return [step async for step in steps]

    assert asyncio.run(two()).seconds == pytest.approx(1.6, abs=0.7)


def test_nothing_is_promised_of_a_run_that_takes_longer_than_usual():
    gate = Gate()

    async def two():
        await done(gate, work=lambda: count_to(1, 0.01))
        first = asyncio.create_task(done(gate, "ann", lambda: count_to(9, 0.1)))
        await asyncio.sleep(0.3)
        told = await anext(waiting := gate.steps("toy", "bob", lambda: count_to(1)))
        await waiting.aclose()
        first.cancel()
        return str(told)

    assert asyncio.run(two()) == "You are next. Stop gives the place away."


def test_first_turns_come_before_anybodys_second():
    gate, order = Gate(), []

    def work(name):
        return lambda: (order.append(name) for _ in range(1))

    async def three():
        runs = [("ann", "ann 1"), ("ann", "ann 2"), ("bob", "bob 1"), ("cid", "cid 1")]
        await asyncio.gather(*(done(gate, visitor, work(name)) for visitor, name in runs))

    asyncio.run(three())
    assert order == ["ann 1", "bob 1", "cid 1", "ann 2"]


def test_nobody_has_more_than_one_running_and_two_waiting():
    gate = Gate()

    async def four():
        runs = (done(gate, "ann", lambda: count_to(2, 0.02)) for _ in range(4))
        return await asyncio.gather(*runs, return_exceptions=True)

    outcomes = asyncio.run(four())
    assert [type(outcome) for outcome in outcomes] == [list, list, list, ValueError]
    assert "You have 3 runs under way" in str(outcomes[3])


def test_full_line_says_when_to_come_back():
    gate = Gate(most_waiting=2)

    async def many():
        await done(gate, work=lambda: count_to(2, 0.05))
        runs = (done(gate, f"v{i}", lambda: count_to(2, 0.05)) for i in range(4))
        return await asyncio.gather(*runs, return_exceptions=True)

    *_, refused = asyncio.run(many())
    assert isinstance(refused, ValueError)
    assert "2 runs wait already: come back in about 3 s." in str(refused)


def test_deadline_ends_a_run_whether_somebody_listens_or_not():
    gate = Gate(longest_s=0.2)

    async def deaf():
        steps = gate.steps("deaf", "ann", lambda: count_to(1000, 0.01))
        await anext(steps)  # and asks for no more
        begun = time.monotonic()
        after = await done(gate, "bob")
        waited = time.monotonic() - begun
        with pytest.raises(ValueError, match="took longer"):
            await anext(steps)
        assert COUNTS.ended["deaf", "over"] == 1
        return after, waited

    after, waited = asyncio.run(deaf())
    assert steps_of(after) == [0, 1, 2]
    assert waited < 1.5


def test_endless_run_is_ended_in_the_middle_of_its_listening():
    async def listening():
        begun = time.monotonic()
        with pytest.raises(ValueError, match="was ended: choose a smaller size"):
            await done(Gate(longest_s=0.2), work=lambda: count_to(10_000, 0.01))
        return time.monotonic() - begun

    assert asyncio.run(listening()) < 0.5


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_work_ends_with_the_step_under_way_when_nobody_wants_it(how):
    gate, closed = Gate(), threading.Event()

    def work():
        try:
            while True:
                time.sleep(0.1)
                yield "step"
        finally:
            closed.set()

    async def given_up():
        if how == "closed":
            async with aclosing(gate.steps("toy", "ann", work)) as steps:
                await anext(steps)
        else:
            task = asyncio.create_task(done(gate, work=work))
            await asyncio.sleep(0.25)
            task.cancel()
        begun = time.monotonic()
        await asyncio.to_thread(closed.wait, 2)
        return time.monotonic() - begun, gate.running

    waited, running = asyncio.run(given_up())
    assert waited < 0.3
    assert running is None


def test_next_run_does_not_begin_before_the_last_step_of_a_stopped_one_is_over():
    gate, trace = Gate(), []

    async def stopped_and_next():
        first = asyncio.create_task(done(gate, "ann", lambda: count_to(9, 0.2, trace, "ann")))
        await asyncio.sleep(0.1)
        first.cancel()
        return await done(gate, "bob", lambda: count_to(1, 0.0, trace, "bob"))

    asyncio.run(stopped_and_next())
    assert trace == [("ann", "in"), ("ann", "out"), ("bob", "in"), ("bob", "out")]


@pytest.mark.parametrize("fault", [MemoryError(), RuntimeError("NaN"), OSError(28, "No space left on device")])
def test_run_after_a_fault_is_right(fault):
    gate = Gate()

    def broken():
        yield 0
        raise fault

    async def both():
        with pytest.raises(type(fault)):
            await done(gate, work=broken)
        return await done(gate)

    assert asyncio.run(both()) == [0, 1, 2]


def test_leaving_server_tells_all_who_run_or_wait_and_takes_nobody():
    gate = Gate()

    async def leaving():
        runs = [asyncio.create_task(done(gate, f"v{i}", lambda: count_to(100, 0.02))) for i in range(3)]
        await asyncio.sleep(0.1)
        gate.close()
        told = await asyncio.gather(*runs, return_exceptions=True)
        with pytest.raises(ValueError, match="restarting"):
            await done(gate, "late")
        return told

    assert [str(outcome) for outcome in asyncio.run(leaving())] == [LEAVING] * 3


def test_heavy_thread_gives_way_to_others():
    import os

    def niceness():
        yield os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert asyncio.run(done(Gate(), work=niceness)) == [10]

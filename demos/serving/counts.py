"""Counts and latencies since the start, as Prometheus reads them."""

from bisect import bisect_left
from collections import Counter, defaultdict

BUCKETS_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class Counts:
    """How often each thing happened and how long it took. What is counted is named by us, never by a visitor."""

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, str]] = Counter()
        self.seconds: dict[str, float] = defaultdict(float)
        self.buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))

    def add(self, what: str, ended: str, seconds: float) -> None:
        """One more of these, how it ended, and how long it took."""
        self.ended[what, ended] += 1
        self.seconds[what] += seconds
        self.buckets[what][bisect_left(BUCKETS_S, seconds)] += 1

    def text(self) -> str:
        """All of it in Prometheus' text format."""
        lines = ["# TYPE classic_nets_ended_total counter"]
        lines += [f'classic_nets_ended_total{{what="{w}",ended="{e}"}} {n}' for (w, e), n in sorted(self.ended.items())]
        lines += ["# TYPE classic_nets_seconds histogram"]
        for what, buckets in sorted(self.buckets.items()):
            limits = [*map(str, BUCKETS_S), "+Inf"]
            total = 0
            for limit, count in zip(limits, buckets, strict=True):
                total += count
                lines.append(f'classic_nets_seconds_bucket{{what="{what}",le="{limit}"}} {total}')
            lines.append(f'classic_nets_seconds_sum{{what="{what}"}} {self.seconds[what]:.6f}')
            lines.append(f'classic_nets_seconds_count{{what="{what}"}} {total}')
        return "\n".join(lines) + "\n"


COUNTS = Counts()

"""Measure the budgets: python -m tests.bench [--quick] [NUMBER...].

Each figure is a ratio of two times taken in turns in this run: the median of seven rounds with
the least and the greatest, then the medians of both sides.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from tests.bench import calls, detecting, folder, memory, moving, start
from tests.bench.measure import Result

BUDGETS: dict[int, list[Callable[[int], Iterator[Result]]]] = {
    1: [start.one_picture],
    2: [start.help_pages],
    3: [moving.edges],
    4: [moving.pipes],
    5: [folder.to_masks],
    6: [memory.video],
    7: [detecting.a_video],
    8: [detecting.one_picture],
    9: [calls.single_calls],
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of seven")
    parser.add_argument("numbers", nargs="*", type=int, help="these budgets only")
    told = parser.parse_args()
    unknown = set(told.numbers) - set(BUDGETS)
    if unknown:
        parser.error(f"no budget {min(unknown)}; there are {', '.join(map(str, BUDGETS))}")
    for number in told.numbers or BUDGETS:
        for measure in BUDGETS[number]:
            for result in measure(3 if told.quick else 7):
                print(result, flush=True)


if __name__ == "__main__":
    main()

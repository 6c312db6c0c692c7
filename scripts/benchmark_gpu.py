"""Time our compiled step, and PyTorch with the same objective, on a GPU without TensorFlow.

    python scripts/lower_step.py programs                     where TensorFlow is
    python scripts/benchmark_gpu.py programs --json=gpu.json  where JAX, PyTorch and the GPU are

XLA compiles the very programs that TensorFlow would give it, by JAX's client. All take their turns; PyTorch has a
process of its own. What fails is told in its row, and the others go on.
"""

import argparse
import concurrent.futures
import functools
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import measuring
import numpy as np
from lowered import Folder
from measuring import Row, Spread
from problem import PLAIN, Problem, Take
from workers import Partner

from keras_nst.core.plan.pyramid import Size
from keras_nst.settings.config import Config

OURS = (("plain", "float32"), ("plain", "tf32"), ("plain", "bfloat16"), ("default", "tf32"), ("default", "bfloat16"))
PRECISIONS = ("float32", "tf32", "bfloat16")
SAME = {"float32": 1e-4, "tf32": 1e-2, "bfloat16": 0.05}  # how far losses of the same picture may be apart, relatively


class Theirs(NamedTuple):
    """A way to take PyTorch's step."""

    size: Size
    precision: str
    channels_last: bool
    compiled: bool = False


class Case(NamedTuple):
    """Something to be timed; `take` is called for the first time where it is to be made."""

    objective: str  # those of the same one begin with the same loss
    variant: str
    precision: str
    take: Take


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the table."""
    options = parser().parse_args(argv)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the GPU is PyTorch's as well
    ends = time.monotonic() + options.seconds
    import jax

    device, folder = jax.devices(options.device)[0], Folder(options.folder)
    rows: list[Row] = []
    with Partner(pytorch_answers, options.folder, options.device) as partner:
        of = {**measuring.machine(), "device": device.device_kind, "lowered_with": folder.versions}
        for size in dict.fromkeys(Size(told["height"], told["width"]) for told in folder.programs):
            cases = our_cases(size, folder, device) + pytorch_cases(size, partner, options)
            rows += compared(measure(size, cases, options, ends))
            if options.json:
                measuring.write("gpu", of, rows, options)
    versions = ", ".join(f"{package} {version}" for package, version in of["versions"].items())
    print(f"{of['date']}, {of['device']}; {versions}; lowered with TensorFlow {folder.versions['tensorflow']}\n")
    print(measuring.table(COLUMNS, rows, markdown=True))


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(description="Time our compiled step beside PyTorch's on a GPU.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what lower_step.py wrote")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured, after each size")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each variant [%(default)s]")
    parser.add_argument("--turn_seconds", type=float, default=0.3, help="about how long a turn lasts [%(default)s]")
    parser.add_argument("--seconds", type=float, default=220.0, help="after which no more is begun [%(default)s]")
    parser.add_argument("--compiled", default="1024", help="sizes at which torch.compile is tried [%(default)s]")
    parser.add_argument("--device", default="gpu", help="gpu or cpu [%(default)s]")
    return parser


# --- What is timed ---


def shown(size: Size) -> dict[str, np.ndarray]:
    """Returns the sample pictures, and a blend of them to start from, as steps.py has them."""
    content, style = (measuring.sample(name, size)[None].astype(np.float32) / 255 for name in ("harbor", "night"))
    return {"content": content, "style": style, "first": np.float32(0.7) * content + np.float32(0.3) * style}


def our_cases(size: Size, folder: Folder, device: Any) -> list[Case]:
    """Returns our steps; their programs are compiled beside each other."""
    from jax_steps import OurStep, Way, cpu

    pictures = shown(size)

    def made(objective: str, precision: str) -> OurStep:
        network = "bfloat16" if precision == "bfloat16" else "float32"
        told = folder.program(objective=objective, precision=network, height=size.height, width=size.width)
        return OurStep(folder, told, pictures, Way(device, precision == "float32", cpu()))

    pool = concurrent.futures.ThreadPoolExecutor(len(OURS))
    steps = {which: pool.submit(made, *which) for which in OURS}
    pool.shutdown(wait=False)

    def take(which: tuple[str, str], count: int) -> float:
        concurrent.futures.wait(steps.values())  # XLA tries convolutions on the device, which nothing should disturb
        return steps[which].result().take(count)

    return [Case(which[0], "ours", which[1], functools.partial(take, which)) for which in OURS]


def pytorch_cases(size: Size, partner: Partner, options: argparse.Namespace) -> list[Case]:
    """Returns PyTorch's steps: in both layouts, and compiled at some sizes."""
    ways = [Theirs(size, precision, last) for precision in PRECISIONS for last in (False, True)]
    if measuring.as_flag(size) in [measuring.as_flag(one) for one in measuring.sizes(options.compiled)]:
        ways += [Theirs(size, precision, channels_last=True, compiled=True) for precision in PRECISIONS[1:]]

    def take(way: Theirs, count: int) -> float:
        answer = partner.ask((way, count))
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return answer

    return [Case("plain", name_of(way), way.precision, functools.partial(take, way)) for way in ways]


def name_of(way: Theirs) -> str:
    """Returns a variant as the table names it."""
    layout = f"channels {'last' if way.channels_last else 'first'}"
    return f"PyTorch, {layout}{', compiled' if way.compiled else ''}"


def pytorch_answers(folder: Path, device: str) -> Callable[[tuple[Theirs, int]], float | str]:
    """Returns what takes PyTorch's steps, so many of one kind, in the process that is PyTorch's, or tells why not."""
    import torch
    from pytorch_steps import pytorch_steps

    torch.backends.cudnn.benchmark = True
    known, where = Folder(folder), {"gpu": "cuda"}.get(device, device)
    takes: dict[Theirs, Take] = {}

    def made(way: Theirs) -> Take:
        for other in [other for other in takes if other.size != way.size]:
            del takes[other]
        pictures, config = shown(way.size), Config(**PLAIN).resolved()
        problem = Problem(**pictures, kernels=known.kernels, config=config, constants=known.constants)
        network = "bfloat16" if way.precision == "bfloat16" else "float32"
        return pytorch_steps(problem, network, way.channels_last, where, way.compiled)

    def answer(question: tuple[Theirs, int]) -> float | str:
        way, count = question
        # With bfloat16 too: what XLA takes for the products of float32 that remain.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = way.precision != "float32"
        try:
            if way not in takes:
                takes[way] = made(way)
            return takes[way](count)
        except Exception as error:  # of any kind: the other variants go on
            torch.cuda.empty_cache()
            return reason(error)

    return answer


# --- How it is timed ---


def measure(size: Size, cases: list[Case], options: argparse.Namespace, ends: float) -> list[Row]:
    """Returns the rows of one size; what fails or comes too late says so in `note`."""
    rows: list[Row] = [{"size": str(size), **case._asdict(), "seconds": []} for case in cases]
    for row in rows:
        attempt(row, ends, functools.partial(first_turn, row, options.turn_seconds))
    for number in range(options.rounds):
        measuring.tell(f"{size}, round {number + 1} of {options.rounds}")
        for row in rows:
            attempt(row, ends, functools.partial(turn, row))
    check_same(rows)
    return [{key: value for key, value in row.items() if key != "take"} for row in rows]


def attempt(row: Row, ends: float, work: Callable[[], None]) -> None:
    """Does the work, unless the variant failed before or the time is over; notes why if it cannot."""
    if "note" in row:
        return
    try:
        if time.monotonic() < ends:
            work()
        elif not row["seconds"]:
            row["note"] = "left out for want of time"
    except Exception as error:  # of any kind: the other variants go on
        row["note"] = reason(error)
        measuring.tell(f"{row['variant']}, {row['objective']}, {row['precision']}: {row['note']}")


def first_turn(row: Row, turn_seconds: float) -> None:
    """Compiles, takes the first step, and finds out how many steps a turn has."""
    made = measuring.seconds(lambda: row.update(first_loss=row["take"](1)))
    row["steps"] = measuring.steps_of_a_turn(row["take"], turn_seconds)
    measuring.tell(
        f"{row['variant']}, {row['objective']}, {row['precision']}: {row['first_loss']}, made in {made:.1f} s"
    )


def turn(row: Row) -> None:
    """Takes the steps of a turn."""
    row["seconds"].append(measuring.seconds(lambda: row["take"](row["steps"])) / row["steps"])


def check_same(rows: list[Row]) -> None:
    """Notes where the first loss is not that of the first variant of the same objective."""
    expected: dict[str, float] = {}
    for row in rows:
        if "first_loss" in row:
            loss = expected.setdefault(row["objective"], row["first_loss"])
            if not abs(row["first_loss"] - loss) <= SAME[row["precision"]] * abs(loss):
                row.setdefault("note", f"first loss {row['first_loss']:.6g} in place of {loss:.6g}")


def reason(error: Exception) -> str:
    """Returns the first line of what an error says."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


def compared(rows: list[Row]) -> list[Row]:
    """Returns the rows of one size with their medians, and with what these are to PyTorch's fastest."""
    for row in rows:
        row["median"] = measuring.spread(row["seconds"]).median if row["seconds"] else None

    def theirs(precision: str) -> float | None:
        of = [row for row in rows if row["variant"].startswith("PyTorch") and row["precision"] == precision]
        return min((row["median"] for row in of if row["median"]), default=None)

    for row in rows:
        for key, precision in (("to_float32", "float32"), ("to_same", row["precision"])):
            beside = theirs(precision)
            row[key] = row["median"] / beside if row["median"] and beside else None
    return rows


def shown_milliseconds(row: Row) -> str:
    """Returns the median and the quartiles."""
    if not row["seconds"]:
        return "-"
    return Spread(*(1e3 * value for value in measuring.spread(row["seconds"]))).shown(2)


COLUMNS: measuring.Columns = {
    "size": lambda row: row["size"],
    "variant": lambda row: row["variant"] + (", default objective" if row["objective"] == "default" else ""),
    "precision": lambda row: row["precision"],
    "ms a step": shown_milliseconds,
    "to PyTorch float32": lambda row: measuring.shown_ratio(row["to_float32"]),
    "to PyTorch of the same precision": lambda row: measuring.shown_ratio(row["to_same"]),
    "note": lambda row: row.get("note", ""),
}


if __name__ == "__main__":
    main()

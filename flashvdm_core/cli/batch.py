"""`batch`: a mesh from each image of a folder or each row of a manifest."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from ..api.errors import BatchError
from ..files import MESH_SUFFIXES
from .common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    add_end_with_stdin,
    add_settings,
    given_settings,
    interruptible,
    is_pattern,
    path_of,
)
from .terminal import printable

if TYPE_CHECKING:
    from tqdm import tqdm

    from ..batch.items import Item
    from ..batch.log import JsonLog
    from ..batch.run import Executor, Outcome
    from .common import Commands


_NAMED = 5  # pictures that are left out


def add_to(commands: Commands) -> None:
    """Make the command known."""
    batch = commands.add_parser("batch", help="make a mesh from each of many images", description=(
        "Make a mesh from each image of a folder or each row of a manifest. What was made before, of the same image and "
        "settings, is kept: run the same command again to go on after an interruption."))  # fmt: skip
    batch.set_defaults(run=_run)
    batch.add_argument("input", type=_input, metavar="INPUT", help="a folder of images, or a .csv or .json manifest")
    batch.add_argument("-o", "--output", required=True, type=path_of, metavar="OUTDIR", help="folder of the meshes and the log")
    batch.add_argument("--format", choices=[suffix[1:] for suffix in MESH_SUFFIXES], default="glb", help=(
        "of the meshes whose output the manifest does not name (default: %(default)s)"))  # fmt: skip
    batch.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N", help="make only part I of N, on one of N machines")
    batch.add_argument("--ray", metavar="ADDRESS", help=(
        "spread the work over the Ray cluster at ADDRESS (auto: the one of this machine), with a GPU a worker"))  # fmt: skip
    batch.add_argument("--overwrite", action="store_true", help="replace files that the batch did not make itself")
    batch.add_argument("--json", action="store_true", help="report on standard output, one JSON object a line, as in the log")
    batch.add_argument("--traceback", action="store_true", help="write to the log where in the program a failure happened")
    add_end_with_stdin(batch)
    add_settings(batch)


def _input(text: str) -> Path:
    path = path_of(text)
    if is_pattern(path):
        raise argparse.ArgumentTypeError(
            f"{text!r} names images by a pattern; name the folder they are in, or use generate, which takes patterns"
        )
    return path


def _shard(text: str) -> tuple[int, int]:
    try:
        index, count = (int(part) for part in text.split("/"))
    except ValueError:
        index = count = 0
    if not 1 <= index <= count:
        raise argparse.ArgumentTypeError(f"must be I/N with I from 1 to N, not {text!r}")
    return index, count


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from ..batch.index import BatchIndex
    from ..batch.items import counted, left_out, other_files, read_items, shard
    from ..batch.log import JsonLog
    from ..batch.run import run_batch

    index, count = options.shard
    try:
        items = shard(read_items(options.input, given_settings(options), f".{options.format}"), index, count)
    except BatchError as error:
        print(f"Error: {printable(str(error))}", file=sys.stderr)
        return EXIT_USAGE
    batch_index = BatchIndex(options.output)
    executor = _executor(options.ray)  # before the signals are ours: Ray takes some, too
    name = "flashvdm-batch.jsonl" if count == 1 else f"flashvdm-batch-{index}-of-{count}.jsonl"
    with interruptible(options.end_with_stdin) as interrupted, closing(JsonLog(options.output / name)) as log:
        stop = lambda: bool(interrupted)  # noqa: E731
        unread, others = left_out(options.input), other_files(options.input, options.output)
        _tell({"event": "start", "items": len(items), "left_out": unread, "other_files": others}, log, options.json)
        if unread:
            print(f"Warning: {printable(_left_out_words(unread))}", file=sys.stderr)
        if others:
            print(f"Left out, as their names are not those of pictures: {printable(counted(others))}.", file=sys.stderr)
        counts: Counter[str] = Counter()
        start = time.monotonic()
        outcomes = run_batch(items, batch_index, executor, overwrite=options.overwrite, interrupted=stop)
        for outcome in _shown(outcomes, items, options.json):
            counts[outcome.status] += 1
            line = {"event": "item", **outcome.to_json()} | ({"details": outcome.details} if options.traceback else {})
            _tell(line, log, options.json)
        summary = {status: counts[status] for status in ("made", "kept", "failed")}
        summary["left"] = len(items) - sum(summary.values())
        line = {"event": "summary", **summary, "seconds": round(time.monotonic() - start, 3)}
        _tell(line, log, options.json)
    _print_summary(line, log.path)
    return EXIT_INTERRUPTED if interrupted else EXIT_FAILED if counts["failed"] else EXIT_OK


def _executor(address: str | None) -> Executor:
    if address is None:
        from ..batch.local import LocalExecutor

        return LocalExecutor()
    from ..batch.cluster import ClusterExecutor

    return ClusterExecutor(address)


def _shown(outcomes: Iterator[Outcome], items: list[Item], as_json: bool) -> Iterator[Outcome]:
    """The outcomes, shown to a person as they come unless a program reads along."""
    if as_json:
        yield from outcomes
        return
    from tqdm import tqdm

    bar: tqdm[NoReturn]
    with tqdm(total=len(items), unit="mesh", disable=None, leave=False) as bar:
        for outcome in outcomes:
            yield outcome  # first, so that the log has it whatever becomes of the terminal
            for text, stream in _words(outcome):
                bar.write(printable(text), file=stream)
            bar.update()


def _words(outcome: Outcome) -> Iterable[tuple[str, TextIO]]:
    name = outcome.item.output or f"item {outcome.item.number}"
    for warning in outcome.warnings:
        yield f"Warning: {name}: {warning}", sys.stderr
    match outcome.status:
        case "failed":
            yield f"Error: {name}: {outcome.error}", sys.stderr
        case "kept":
            yield f"{name}: kept", sys.stdout
        case _:
            yield f"{name}: {dict(outcome.made)['faces']:,} faces, {outcome.seconds:.1f} s", sys.stdout


def _left_out_words(names: Sequence[str]) -> str:
    named, more = ", ".join(names[:_NAMED]), len(names) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"left out, as pictures of their kind are not read: {named}{rest}; save them as PNG or JPEG."


def _tell(line: Mapping[str, Any], log: JsonLog, as_json: bool) -> None:
    log.write(line)
    if as_json:
        print(json.dumps(line), flush=True)


def _print_summary(summary: Mapping[str, Any], log: Path) -> None:
    left = f", {summary['left']} left" if summary["left"] else ""
    words = f"{summary['made']} made, {summary['kept']} kept, {summary['failed']} failed{left} in {summary['seconds']} s"
    print(f"{words}; see {log}", file=sys.stderr)

"""The command line: `python -m flashvdm_core generate IMAGE -o OUT.glb` and `python -m flashvdm_core models`.

Exit status: 0 all done, 1 something failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from . import __version__
from .errors import FlashVDMError, OutputError, SettingsError
from .events import CutOut, Event, Failure, Log, Preview, Progress, Result
from .mesh_io import check_output, write_mesh
from .requests import VIEWS, Request
from .settings import SETTINGS, Setting, Value

if TYPE_CHECKING:
    from .generator import Generator

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130

SUFFIXES = (".glb", ".obj", ".ply", ".stl")

# Previews are for the eye: a terminal shows none.
_OWN_DEFAULTS: Mapping[str, Value] = {"preview": False}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments` (default: those of the process); returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return options.run(parser, options)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except FlashVDMError as error:
        print(f"Error: {error}", file=sys.stderr)
        return EXIT_FAILED
    except ModuleNotFoundError as error:
        print(f"Error: {sys.executable} has no module '{error.name}'; install the project's requirements there.", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); nor can Python write the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core", description="Make 3D meshes from images.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    generate = commands.add_parser("generate", help="make a mesh from an image", description="Make a mesh from each image.")
    generate.set_defaults(run=_generate)
    generate.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="image of an object from the front")
    generate.add_argument("-o", "--output", required=True, type=Path, metavar="OUT", help=(
        f"mesh file ({', '.join(SUFFIXES)}); for several images a folder, or a file name with {{name}} in it, "
        "which stands for the image's name"))  # fmt: skip
    for view in VIEWS[1:]:
        generate.add_argument(
            f"--{view}", type=Path, metavar="IMAGE", help=f"image from the {view}, for a model of several views"
        )
    generate.add_argument("--overwrite", action="store_true", help="replace mesh files that exist already")
    generate.add_argument("--json", action="store_true", help="report on standard output, one JSON object a line")
    generate.add_argument("--traceback", action="store_true", help="show where in the program a failure happened")
    settings = generate.add_argument_group("settings")
    for setting in SETTINGS.values():
        _add_setting(settings, setting)
    models = commands.add_parser("models", help="list the public checkpoints that can be used with --model")
    models.set_defaults(run=_models)
    return parser


def _add_setting(group: argparse._ArgumentGroup, setting: Setting) -> None:
    """One option for one setting; its value is absent unless given."""
    default = _OWN_DEFAULTS.get(setting.name, setting.default)
    option = "--" + setting.name.replace("_", "-")
    if setting.kind is bool:
        text = f"{setting.tooltip} (default: {'yes' if default else 'no'})"
        group.add_argument(option, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
        return

    def parse(text: str) -> Value:
        try:
            return setting.checked(text if setting.kind is str else setting.kind(text))
        except (ValueError, SettingsError):
            raise argparse.ArgumentTypeError(f"must be {setting.describe()}, not {text!r}") from None

    metavar = "|".join(choice[0] for choice in setting.choices) or setting.kind.__name__.upper()
    text = f"{setting.tooltip}; {setting.describe()} (default: {default})".replace("%", "%%")
    group.add_argument(option, type=parse, default=argparse.SUPPRESS, metavar=metavar, help=text)


@dataclass(frozen=True)
class _Job:
    request: Request
    output: Path


def _generate(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    jobs = _jobs(parser, options)
    report = _JsonReport(options.traceback) if options.json else _TerminalReport(options.traceback)
    with _interruptible() as interrupted:
        # Not before the arguments are known to be right: torch takes seconds to load.
        from .generator import Generator

        generator = Generator()
        failed = False
        for job in jobs:
            failed |= not _run(generator, job, report, options.overwrite, interrupted)
            if interrupted:
                return EXIT_INTERRUPTED
    return EXIT_FAILED if failed else EXIT_OK


def _jobs(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[_Job]:
    """What to make, with everything checked that can be checked before anything is computed."""
    views = {view: str(path) for view in VIEWS[1:] if (path := getattr(options, view)) is not None}
    if views and len(options.images) > 1:
        parser.error("--left, --back and --right go with one front image")
    settings = dict(_OWN_DEFAULTS) | {name: getattr(options, name) for name in SETTINGS if hasattr(options, name)}
    outputs = [_output_for(parser, image, options.output, several=len(options.images) > 1) for image in options.images]
    for output in outputs:
        if outputs.count(output) > 1:
            parser.error(f"two images would both become {output}; use different names or folders")
        check_output(output, overwrite=options.overwrite)
    return [
        _Job(Request({"front": str(image), **views}, settings), output)
        for image, output in zip(options.images, outputs, strict=True)
    ]


def _output_for(parser: argparse.ArgumentParser, image: Path, output: Path, *, several: bool) -> Path:
    """The mesh file of one image: the output itself, with {name} filled in, or a .glb in the folder that it names."""
    if "{name}" in output.name:
        output = output.with_name(output.name.replace("{name}", image.stem))
    elif several or output.is_dir():
        if output.suffix.lower() in SUFFIXES:
            parser.error(f"several images cannot all become {output}; name a folder, or put {{name}} into the file name")
        output = output / f"{image.stem}.glb"
    if output.suffix.lower() not in SUFFIXES:
        parser.error(f"{output} is of no known mesh format; use one of {', '.join(SUFFIXES)}")
    return output


def _run(generator: Generator, job: _Job, report: _Report, overwrite: bool, interrupted: list[bool]) -> bool:
    """Generate and write one mesh; whether it worked."""
    with report.job(job):
        for event in generator.generate(job.request, lambda: bool(interrupted)):
            if isinstance(event, Result):
                try:
                    write_mesh(event.mesh, job.output, overwrite=overwrite, name=job.output.stem)
                except OutputError as error:
                    event = Failure(OutputError.__name__, str(error))
            report.event(job, event)
            if isinstance(event, Failure):
                return False
    return True


class _Report:
    """How events are shown."""

    @contextmanager
    def job(self, job: _Job) -> Iterator[None]:
        """Around one generation."""
        yield

    def event(self, job: _Job, event: Event) -> None:
        """Show one event."""
        raise NotImplementedError


class _TerminalReport(_Report):
    """A progress bar and messages on standard error, one line for each mesh on standard output."""

    def __init__(self, traceback: bool) -> None:
        from tqdm import tqdm

        self._tqdm = tqdm
        self._traceback = traceback
        self._bar: tqdm[NoReturn] | None = None

    @contextmanager
    def job(self, job: _Job) -> Iterator[None]:
        form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
        with self._tqdm(total=1.0, desc=job.output.name, bar_format=form, disable=None, leave=False) as self._bar:
            yield

    def event(self, job: _Job, event: Event) -> None:
        assert self._bar is not None
        match event:
            case Progress(stage, fraction):
                self._bar.set_description(f"{job.output.name} {stage}", refresh=False)
                self._bar.update(fraction - self._bar.n)
            case Log(message, warning):
                self._print(f"{'Warning: ' if warning else ''}{message}", sys.stderr)
            case Failure(_, message, details):
                self._print(f"Error: {job.output.name}: {message}", sys.stderr)
                if self._traceback and details:
                    self._print(details, sys.stderr)
            case Result():
                times = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in event.seconds.items())
                size = f"{len(event.mesh.vertices):,} vertices, {len(event.mesh.faces):,} faces"
                self._print(f"{job.output}: {size}, {sum(event.seconds.values()):.1f} s ({times})", sys.stdout)

    def _print(self, text: str, stream: Any) -> None:
        self._tqdm.write(text, file=stream)


class _JsonReport(_Report):
    """One JSON object a line on standard output; meshes and images are told by their sizes."""

    def __init__(self, traceback: bool) -> None:
        self._traceback = traceback

    def event(self, job: _Job, event: Event) -> None:
        fields: dict[str, Any] = {"event": type(event).__name__.lower(), "image": job.request.images["front"]}
        match event:
            case Progress(stage, fraction):
                fields |= {"stage": stage, "fraction": fraction}
            case CutOut(view, rgba):
                fields |= {"view": view, "width": rgba.shape[1], "height": rgba.shape[0]}
            case Preview(stage, mesh):
                fields |= {"stage": stage, "vertices": len(mesh.vertices), "faces": len(mesh.faces)}
            case Log(message, warning):
                fields |= {"message": message, "warning": warning}
            case Failure(kind, message, details):
                fields |= {"kind": kind, "message": message} | ({"details": details} if self._traceback else {})
            case Result():
                fields |= {
                    "output": str(job.output),
                    "vertices": len(event.mesh.vertices),
                    "faces": len(event.mesh.faces),
                    "seed": event.seed,
                    "model": event.model,
                    "settings": dict(event.settings),
                    "seconds": dict(event.seconds),
                    "queries": list(event.queries),
                }
        print(json.dumps(fields), flush=True)


@contextmanager
def _interruptible() -> Iterator[list[bool]]:
    """A list that Ctrl-C makes non-empty, so that a generation ends between two steps; a second Ctrl-C ends at once."""
    interrupted: list[bool] = []

    def interrupt(signal_number: int, frame: object) -> None:
        if interrupted:
            raise KeyboardInterrupt
        interrupted.append(True)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _models(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from .checkpoints.known import KNOWN

    print("embedded: the built-in model (default)")
    for checkpoint in KNOWN.values():
        print(f"{checkpoint.name}: {checkpoint.description}; https://huggingface.co/{checkpoint.repository}")
        licence = checkpoint.licence
        print(f"    {licence.name}{f' ({licence.territory})' if licence.territory else ''}")
    print("Give the folder of a downloaded checkpoint to generate --model.")
    return EXIT_OK

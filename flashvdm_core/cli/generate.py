"""`generate`: a mesh file from each image."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..api.errors import OutputError
from ..api.settings import VIEWS
from ..files import MESH_SUFFIXES
from .common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    Joined,
    add_end_with_stdin,
    add_settings,
    given_settings,
    interruptible,
    path_of,
    paths_of,
)

if TYPE_CHECKING:
    import numpy as np

    from ..api.tasks import Request
    from ..pipeline.pipeline import Pipeline
    from .common import Commands
    from .reports import Job, Report


def add_to(commands: Commands) -> None:
    """Make the command known."""
    generate = commands.add_parser("generate", help="make a mesh from an image", description="Make a mesh from each image.")
    generate.set_defaults(run=_generate)
    generate.add_argument("images", nargs="+", type=paths_of, action=Joined, metavar="IMAGE", help=(
        "image of an object from the front, or a pattern in quotes ('images/*.png')"))  # fmt: skip
    generate.add_argument("-o", "--output", type=path_of, metavar="OUT", help=(
        f"mesh file ({', '.join(MESH_SUFFIXES)}); for several images a folder, or a file name with {{name}} in it, "
        "which stands for the image's name"))  # fmt: skip
    for view in VIEWS[1:]:
        generate.add_argument(
            f"--{view}", type=path_of, metavar="IMAGE", help=f"image from the {view}, for a model of several views"
        )
    generate.add_argument("--mask", type=path_of, metavar="IMAGE", help=(
        "corrects how the object of one front image is cut out: a picture over the whole of it, in which white (or opaque) keeps "
        "a pixel, black (or transparent) removes it, and grey leaves it as it is cut out"))  # fmt: skip
    generate.add_argument("--overwrite", action="store_true", help="replace mesh files that exist already")
    generate.add_argument("--json", action="store_true", help="report on standard output, one JSON object a line")
    generate.add_argument("--traceback", action="store_true", help="show where in the program a failure happened")
    add_end_with_stdin(generate)
    add_settings(generate)


def _generate(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from .reports import Job, JsonReport, TerminalReport

    if options.output is None:
        parser.error("the following arguments are required: -o/--output")
    requests, outputs = requests_of(parser, options), outputs_of(parser, options)
    report = JsonReport(options.traceback) if options.json else TerminalReport(options.traceback)
    with interruptible(options.end_with_stdin) as interrupted:
        # Not before the arguments are known to be right: torch takes seconds to load.
        from ..pipeline.pipeline import Pipeline

        pipeline = Pipeline()
        failed = False
        for job in map(Job, requests, outputs):
            failed |= not _run(pipeline, job, report, options.overwrite, interrupted)
            if interrupted:
                return EXIT_INTERRUPTED
    return EXIT_FAILED if failed else EXIT_OK


def requests_of(
    parser: argparse.ArgumentParser, options: argparse.Namespace, read_mask: Callable[[Path], np.ndarray] | None = None
) -> list[Request]:
    """One request for each image; `read_mask` reads the file of a mask as `image.open_mask` does, where Pillow is not at hand."""
    from ..api.tasks import Request

    views = {view: str(path) for view in VIEWS[1:] if (path := getattr(options, view)) is not None}
    if views and len(options.images) > 1:
        parser.error("--left, --back and --right go with one front image")
    if options.mask is not None and len(options.images) > 1:
        parser.error("--mask goes with one front image")
    masks = {} if options.mask is None else {"front": (read_mask or _open_mask)(options.mask)}
    settings = given_settings(options)
    return [Request({"front": str(image), **views}, settings, masks=masks) for image in options.images]


def _open_mask(path: Path) -> np.ndarray:
    from ..image import open_mask

    return open_mask(path)


def outputs_of(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Path]:
    """The mesh file of each image, with everything checked that can be checked before anything is computed."""
    from ..geometry.mesh_io import check_output

    inputs = [*options.images, *(path for name in (*VIEWS[1:], "mask") if (path := getattr(options, name)) is not None)]
    outputs = [_output_for(parser, image, options.output, several=len(options.images) > 1) for image in options.images]
    for output in outputs:
        if outputs.count(output) > 1:
            parser.error(f"two images would both become {output}; use different names or folders")
        check_output(output, overwrite=options.overwrite, inputs=inputs)
    return outputs


def _output_for(parser: argparse.ArgumentParser, image: Path, output: Path, *, several: bool) -> Path:
    """The mesh file of one image: the output itself, with {name} filled in, or a .glb in the folder that it names."""
    if "{name}" in output.name:
        output = output.with_name(output.name.replace("{name}", image.stem))
    elif several or os.path.isdir(output):
        if output.suffix.lower() in MESH_SUFFIXES:
            if os.path.isdir(output):
                parser.error(f"{output} is a folder although it ends as a file does; name a file, or a folder of another name")
            parser.error(f"several images cannot all become {output}; name a folder, or put {{name}} into the file name")
        output = output / f"{image.stem}.glb"
    if output.suffix.lower() not in MESH_SUFFIXES:
        parser.error(f"{output} is of no known mesh format; use one of {', '.join(MESH_SUFFIXES)}")
    return output


def _run(pipeline: Pipeline, job: Job, report: Report, overwrite: bool, interrupted: list[bool]) -> bool:
    """Generate and write one mesh; whether it worked."""
    from ..api.events import Failure, Result
    from ..geometry.mesh_io import write_mesh

    with report.job(job):
        for event in pipeline.generate(job.request, lambda: bool(interrupted)):
            if isinstance(event, Result):
                try:
                    write_mesh(
                        event.mesh,
                        job.output,
                        overwrite=overwrite,
                        name=job.output.stem,
                        colouring=event.colouring,
                        print_size=job.request.settings.print_size,
                    )
                except OutputError as error:
                    event = Failure(OutputError.__name__, str(error))
            report.event(job, event)
            if isinstance(event, Failure):
                return False
    return True

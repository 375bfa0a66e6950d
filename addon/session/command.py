"""`blender --command flashvdm generate|batch|doctor|models|setup …`: the core's command line, as Blender is set up for it.

The command runs in the worker's interpreter with this terminal's output; device and precision come from the
preferences unless they are given. `generate` takes `--blend FILE` besides, and `doctor` examines Blender as well. `setup` runs in
Blender's own Python.
"""

import json
import os
import secrets
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core import __version__, cli
from ...flashvdm_core.api.errors import FlashVDMError, OutputError
from ...flashvdm_core.api.tasks import LARGEST_MASK, Request, strokes_in_picture
from ...flashvdm_core.cli.common import EXIT_FAILED, EXIT_OK, EXIT_USAGE, as_options
from ...flashvdm_core.cli.generate import outputs_of, requests_of
from ...flashvdm_core.doctor.findings import Status, as_text, worst
from ...flashvdm_core.geometry.mesh_io import write_mesh
from ..link.child_process import Launch, run_through
from ..link.job import Job, State
from ..scene.mesh_builder import Size
from ..scene.placement import Placement, name_for
from ..scene.result_object import ResultObject
from ..scene.stored_images import pixels_of_file
from ..settings.given import absolute_model
from ..settings.preferences import preferences
from ..settings.properties import MACHINE, scene_settings
from . import interpreter
from .session import session

NAME = "flashvdm"
_WITH_SETTINGS = ("generate", "batch")


def run(arguments: list[str]) -> int:
    """Run one command; the exit status. Called by Blender with what follows `--command flashvdm`."""
    own, rest = _own_parser().parse_known_args(arguments)
    if rest[:1] and rest[0] in _WITH_SETTINGS:
        machine: dict[str, Any] = {name: getattr(preferences(), name) for name in MACHINE}
        # In front, so that what is given as an option counts.
        rest = [rest[0], "--end-with-stdin", *as_options(machine), *rest[1:]]
    try:
        if rest[:1] == ["doctor"] and not {"-h", "--help"} & set(rest):
            return _doctor(cli.parser().parse_args(rest))
        if rest[:1] == ["setup"]:
            return _set_up(rest[1:])
        if own.blend is not None:
            return _generate_blend(rest, own.blend)
        return run_through(interpreter.launch(), "flashvdm_core", *rest)
    except FlashVDMError as error:
        print(f"Error: {error}", file=sys.stderr)
        return EXIT_FAILED
    except SystemExit as end:  # argparse, after it has said why
        return end.code if isinstance(end.code, int) else EXIT_USAGE


def _own_parser() -> ArgumentParser:
    parser = ArgumentParser(prog=f"blender --command {NAME}", add_help=False, allow_abbrev=False)
    parser.add_argument("--blend", type=Path, metavar="FILE")
    return parser


def _doctor(options: Namespace) -> int:
    session.run_doctor(live=False, model=options.model, device=options.device)
    findings = session.doctor.findings
    status = worst(findings)
    if options.json:
        print(json.dumps({"version": __version__, "status": status, "findings": [finding.to_json() for finding in findings]}))
    else:
        print(as_text(findings), end="")
    return EXIT_FAILED if status is Status.ERROR else EXIT_OK


def _set_up(arguments: list[str]) -> int:
    """Set Up on Blender's own Python, into the folder that the button uses."""
    options = cli.parser().parse_args(["setup", str(interpreter.home().folder), *arguments])
    if not (options.plan or options.remove or options.bundle):
        session.set_up.check_network()
    launch = Launch(sys.executable, Path(__file__).parents[2])
    return run_through(launch, "flashvdm_core", "setup", str(interpreter.home().folder), *arguments)


def _generate_blend(arguments: list[str], blend: Path) -> int:
    """The meshes as objects of a new .blend, side by side, and as mesh files where -o names them."""
    parser = cli.parser()
    options = parser.parse_args(arguments)
    if arguments[0] != "generate" or blend.suffix.lower() != ".blend":
        parser.error("--blend goes with generate and names a .blend file")
    _check_blend(blend, options.overwrite)
    requests = [_absolute(request) for request in requests_of(parser, options, _read_mask)]
    outputs = outputs_of(parser, options) if options.output is not None else [None] * len(requests)
    bpy.ops.wm.read_homefile(use_empty=True)
    done: list[Placement] = []
    for request, output in zip(requests, outputs, strict=True):
        image = request.images["front"]
        sink = _sink(image, done)
        job = session.run_to_end(session.enqueue(request, Path(image).name, sink))
        for warning in job.warnings:
            print(f"Warning: {image}: {warning}", file=sys.stderr)
        if error := _written(job, output, options.overwrite):
            print(f"Error: {image}: {error}", file=sys.stderr)
        else:
            done.append(sink.placement)
    session.release()
    if done:
        saved = _saved(blend.absolute())
        print(f"{blend if saved == blend.absolute() else saved}: {len(done)} of {len(requests)} made", flush=True)
        if saved != blend.absolute():
            return EXIT_FAILED
    return EXIT_OK if len(done) == len(requests) else EXIT_FAILED


def _saved(blend: Path) -> Path:
    """Save the file as `blend`, else in the folder for temporary files: where it is now.

    Raises:
        OutputError: neither can be written.
    """
    # Blender says no more than that it failed, and can leave part of a file: the other name is taken for a whole one only.
    partial = blend.with_name(f".{secrets.token_hex(8)}.blend")
    try:
        _save(str(partial))
        os.replace(partial, blend)
        return blend
    except (RuntimeError, OSError) as error:
        reason = f"'{blend}' was not written; free some space there or correct the folder's permissions."
        print(f"Error: {reason}", file=sys.stderr)
        partial.unlink(missing_ok=True)
        spare = Path(tempfile.mkdtemp(prefix="flashvdm-")) / blend.name
        try:
            _save(str(spare))
        except RuntimeError:
            shutil.rmtree(spare.parent, ignore_errors=True)
            raise OutputError(reason) from error
        return spare


def _save(path: str) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=path, check_existing=False, compress=True, copy=True)


def _check_blend(blend: Path, overwrite: bool) -> None:
    folder = blend.absolute().parent
    if not os.path.isdir(folder):
        raise OutputError(f"The folder '{folder}' does not exist; create it or choose another.")
    if os.path.lexists(blend) and not overwrite:
        raise OutputError(f"The file '{blend}' exists already; choose another name or allow overwriting.")


def _absolute(request: Request) -> Request:
    """The same with absolute paths: the worker runs in a folder of its own."""
    images = {view: str(Path(path).expanduser().absolute()) for view, path in request.images.items()}
    settings = dict(request.settings) | {"model": absolute_model(str(request.settings["model"]))}
    return Request(images, settings, masks=request.masks)


def _read_mask(path: Path) -> np.ndarray:
    """As the core reads it, which needs Pillow for that."""
    picture = pixels_of_file(str(path.expanduser().absolute()))
    step = -(-max(picture.shape[:2]) // LARGEST_MASK)
    return strokes_in_picture(picture[::step, ::step])


def _sink(image: str, others: list[Placement]) -> ResultObject:
    """The object beside those that are there already."""
    scene, collection = bpy.context.scene, bpy.context.collection
    assert scene is not None
    assert collection is not None
    size = Size(scene_settings(scene).size)
    placement = Placement(name_for(Path(image).name), size, (0.0, 0.0, 0.0)).beside(other.box for other in others)
    return ResultObject(placement, scene, collection)


def _written(job: Job, output: Path | None, overwrite: bool) -> str:
    """Write the mesh of a job that has ended to `output`, if that is asked for; what went wrong with either, or ""."""
    if job.state is not State.DONE:
        return job.error or job.text
    if output is not None:
        assert job.result is not None
        assert isinstance(job.task, Request)
        try:
            write_mesh(
                job.result.mesh,
                output,
                overwrite=overwrite,
                name=output.stem,
                colouring=job.result.colouring,
                print_size=float(job.task.settings["print_size"]),
            )
        except FlashVDMError as error:
            return str(error)
    return ""


_command: Any = None
"""What Blender gave for the registered command; the command is taken back with it."""


def register() -> None:
    global _command
    _command = bpy.utils.register_cli_command(NAME, run)


def unregister() -> None:
    global _command
    bpy.utils.unregister_cli_command(_command)
    _command = None


CLASSES: tuple[type, ...] = ()

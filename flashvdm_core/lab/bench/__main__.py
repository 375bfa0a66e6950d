"""`python -m flashvdm_core.lab.bench`: time a model's stages, or volume decoding and surface alone, or all that is documented."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ...api.errors import FlashVDMError
from ...api.settings import SETTINGS, Settings
from ...checkpoints.registry import MODELS
from ...files import write_whole
from ...runtime.devices import FORMATS, choose_device, choose_dtype, dtype_name
from ..options import number
from ..pages import renew_page
from ..tables import comparison, headline, stages_table
from .clock import measure_roofline
from .forecast import compare_forecasts
from .growth import RESOLUTIONS, with_latents, with_resolution
from .image import time_image
from .model_under_test import ModelUnderTest, open_model
from .official import MODEL, compare_with_official
from .official import RESOLUTIONS as RELEASED_RESOLUTIONS
from .optimisations import compare_optimisations
from .page import draw_growth, render_table
from .stages import FORMAT, Report, machine, metadata, run

BENCHMARK_SET = ("hunyuan3d-dit-v2-0-turbo", "hunyuan3d-dit-v2-mini-turbo", "hunyuan3d-dit-v2-1")
"""Public models that are timed with random weights for the documentation, on a GPU."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments` (default: those of the process); returns the exit status."""
    options = _parser().parse_args(_with_command(sys.argv[1:] if arguments is None else list(arguments)))
    try:
        return options.run(options)
    except FlashVDMError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _with_command(arguments: list[str]) -> list[str]:
    """`stages` where no command is named."""
    named = arguments and (not arguments[0].startswith("-") or arguments[0] in ("-h", "--help"))
    return arguments if named else ["stages", *arguments]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.lab.bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    choices = ["auto", *FORMATS]
    for name, text in (("stages", "time every stage (the default)"), ("decode", "time volume decoding and surface alone")):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=_time, decode_only=name == "decode")
        command.add_argument("--model", default="embedded", help=(
            f"embedded, a model's folder, or a public model with random weights: {', '.join(MODELS)} "
            "(default: %(default)s)"))  # fmt: skip
        command.add_argument(
            "--resolution", type=number(int, 8, 1024), default=380, help="cells along each axis (default: %(default)s)"
        )
        command.add_argument("--device", default="auto", help=f"{SETTINGS['device'].tooltip} (default: %(default)s)")
        command.add_argument("--precision", default="auto", choices=choices, help="(default: %(default)s)")
        command.add_argument("--json", type=Path, metavar="OUT", help="write the measurements to this file")
    for name, run_it, text in (
        ("optimisations", _optimisations, "time each optimisation against its reference"),
        ("growth", _growth, "time and memory over the resolution and the number of latents"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run_it)
        command.add_argument("--model", default="embedded", help="embedded, or a model's folder (default: %(default)s)")
        command.add_argument("--device", default="auto", help=f"{SETTINGS['device'].tooltip} (default: %(default)s)")
        command.add_argument("--precision", default="auto", choices=choices, help="(default: %(default)s)")
        command.add_argument("--resolution", type=number(int, 8, 1024), nargs="+", help="cells along each axis")
        command.add_argument("--json", type=Path, required=True, metavar="OUT", help="write the measurements to this file")
    forecast = commands.add_parser("forecast", help="sampling with forecast steps beside computed ones")
    forecast.set_defaults(run=_forecast)
    forecast.add_argument("--model", default="embedded", help="embedded, or a model's folder (default: %(default)s)")
    forecast.add_argument("--device", default="auto", help=f"{SETTINGS['device'].tooltip} (default: %(default)s)")
    forecast.add_argument("--precision", default="auto", choices=choices, help="(default: %(default)s)")
    forecast.add_argument(
        "--steps", type=number(int, 10, 1000), default=50, help="steps of the whole path (default: %(default)s)"
    )
    forecast.add_argument("--json", type=Path, required=True, metavar="OUT", help="write the measurements to this file")
    image = commands.add_parser("image", help="from a picture to its first preview, its mesh and its colours, as an artist waits")
    image.set_defaults(run=_image)
    image.add_argument("picture", type=Path)
    image.add_argument("--model", default="embedded", help="embedded, or a model's folder (default: %(default)s)")
    image.add_argument(
        "--resolution", type=number(int, 8, 1024), default=256, help="cells along each axis (default: %(default)s)"
    )
    image.add_argument("--runs", type=number(int, 1, 100), default=5, help="that count; their medians do (default: %(default)s)")
    image.add_argument("--device", default="auto", help=f"{SETTINGS['device'].tooltip} (default: %(default)s)")
    image.add_argument("--json", type=Path, metavar="OUT", help="write the measurements to this file")
    official = commands.add_parser("official", help="time the decoder of the released FlashVDM code beside ours")
    official.set_defaults(run=_official)
    official.add_argument("code", type=Path, help="a copy of github.com/Tencent-Hunyuan/Hunyuan3D-2; needs einops, scikit-image")
    official.add_argument("--resolution", type=int, nargs="+", help="cells along each axis (default: 128 256 380)")
    official.add_argument("--runs", type=int, default=1, help="of each; the median counts (default: %(default)s)")
    official.add_argument("--device", default="cpu", help=f"{SETTINGS['device'].tooltip} (default: %(default)s)")
    official.add_argument("--json", type=Path, required=True, metavar="OUT", help="write the measurements to this file")
    page = commands.add_parser("page", help="make the tables and plots of a Markdown document anew from the files it names")
    page.set_defaults(run=_page)
    page.add_argument("document", type=Path)
    page.add_argument("--check", action="store_true", help="change nothing; fail where a table is not that of its file")
    suite = commands.add_parser("suite", help="the documented runs that suit this machine, each into a file of its own")
    suite.set_defaults(run=_suite)
    suite.add_argument("folder", type=Path)
    compare = commands.add_parser("compare", help="two files side by side")
    compare.set_defaults(run=_compare)
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    return parser


def _time(options: argparse.Namespace) -> int:
    SETTINGS["resolution"].checked(options.resolution)
    device = choose_device(options.device)
    chosen = open_model(options.model, device, choose_dtype(options.precision, device))
    report = run(chosen, options.resolution, decode_only=options.decode_only)
    if options.json:
        _write(options.json, report)
    print(headline(report), *stages_table(report), sep="\n")
    return 0


def _optimisations(options: argparse.Namespace) -> int:
    chosen = _open(options)
    resolution = options.resolution[0] if options.resolution else 192
    rows = compare_optimisations(chosen, resolution)
    roofline = measure_roofline(chosen.device, chosen.dtype)
    _write(options.json, {"format": FORMAT, **metadata(chosen, resolution, roofline), "optimisations": rows})
    return 0


def _growth(options: argparse.Namespace) -> int:
    chosen, resolutions = _open(options), options.resolution or RESOLUTIONS
    roofline = measure_roofline(chosen.device, chosen.dtype)
    rows = {"resolutions": with_resolution(chosen, resolutions), "latents": with_latents(chosen)}
    report = {"format": FORMAT, **metadata(chosen, max(resolutions), roofline), **rows}
    _write(options.json, report)
    draw_growth(report, options.json.with_suffix(".png"))
    return 0


def _forecast(options: argparse.Namespace) -> int:
    device = choose_device(options.device)
    chosen = open_model(options.model, device, choose_dtype(options.precision, device))
    rows = compare_forecasts(chosen, options.steps)
    report = {"format": FORMAT, "machine": machine(device), "model": chosen.model.name, "precision": dtype_name(chosen.dtype)}
    _write(options.json, {**report, "forecasts": rows})
    print(render_table(_read(options.json), "forecasts", options.json.name))
    return 0


def _image(options: argparse.Namespace) -> int:
    settings = Settings(model=options.model, resolution=options.resolution, device=options.device)
    device = choose_device(options.device)
    rows = time_image(options.picture, settings, options.runs)
    report = {"format": FORMAT, "machine": machine(device), "model": f"{options.model} at {options.resolution}"}
    report |= {"precision": dtype_name(choose_dtype("auto", device)), "image": rows}
    if options.json:
        _write(options.json, report)
    print(render_table(report, "image", "the report"))
    return 0


def _official(options: argparse.Namespace) -> int:
    resolutions, device = options.resolution or RELEASED_RESOLUTIONS, choose_device(options.device)
    for resolution in resolutions:
        SETTINGS["resolution"].checked(resolution)
    rows = compare_with_official(options.code, resolutions, device, max(options.runs, 1))
    report = {"format": FORMAT, "machine": machine(device), "model": f"the VAE of {MODEL} with random weights"}
    _write(options.json, {**report, "precision": "float32", "official": rows})
    print(render_table(_read(options.json), "official", options.json.name))
    return 0


def _open(options: argparse.Namespace) -> ModelUnderTest:
    for resolution in options.resolution or ():
        SETTINGS["resolution"].checked(resolution)
    device = choose_device(options.device)
    return open_model(options.model, device, choose_dtype(options.precision, device))


def _write(path: Path, report: Report) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: partial.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8"))


def _page(options: argparse.Namespace) -> int:
    changed = renew_page(options.document, lambda file, part: render_table(_read(file), part, file.name), check=options.check)
    return int(options.check and changed)


def _suite(options: argparse.Namespace) -> int:
    """The embedded model everywhere, the public models of `BENCHMARK_SET` on a GPU. A run that fails does not stop the others."""
    kind = choose_device("auto").type
    runs = [("stages", "embedded", 256), ("decode", "embedded", 384)]
    if kind == "cuda":
        runs += [("stages", model, 380) for model in BENCHMARK_SET]
    commands = [
        [command, "--model", model, "--resolution", str(resolution), "--json", f"{model}-{resolution}-{command}-{kind}.json"]
        for command, model, resolution in runs
    ]
    commands += [[command, "--json", f"{command}-{kind}.json"] for command in ("optimisations", "growth")]
    if kind == "cuda":  # the embedded model is too small for 8-bit layers
        model = "hunyuan3d-dit-v2-0-turbo"
        commands.append(["optimisations", "--model", model, "--json", f"optimisations-{model}-cuda.json"])
    return max(_in_a_process_of_its_own([*command, str(options.folder / name)]) for *command, name in commands)


def _in_a_process_of_its_own(arguments: Sequence[str]) -> int:
    """A run that finds no memory that one before it was given."""
    return subprocess.run([sys.executable, "-m", "flashvdm_core.lab.bench", *arguments], check=False).returncode


def _compare(options: argparse.Namespace) -> int:
    before, after = (_read(path, "stages", "naive", "speedup_vs_naive") for path in (options.before, options.after))
    print(f"before: {headline(before)}", f"after: {headline(after)}", *comparison(before, after), sep="\n")
    return 0


def _read(path: Path, *parts: str) -> Report:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if {"machine", *parts} <= set(report):
            return report
    except (OSError, ValueError, TypeError) as error:
        raise FlashVDMError(f"{path} cannot be read ({error}); name a file that this program wrote with --json.") from error
    raise FlashVDMError(f"{path} holds no measurements; name a file that this program wrote with --json.")


if __name__ == "__main__":
    sys.exit(main())

"""`python -m flashvdm_core.lab.evaluation`: measure a model on held-out props, and make tables and figures of the results.

Exit status: 0 done, 1 failed with one sentence, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ...api.errors import FlashVDMError, OutputError
from ...api.settings import SETTINGS
from ...api.units import SHAPE_HALF_SIDE
from ...checkpoints.folders import EMBEDDED
from ...runtime.devices import FORMATS, choose_device, choose_dtype, dtype_name
from ..pages import renew_page
from .decoders import load_decoders
from .generation import Variant, load_scorer, measure_generation
from .held_out import Selected, select
from .holes import VARIANTS, measure_holes
from .locality import measure_locality
from .metrics import DEFINITIONS, METRIC_POINTS
from .pictures import generation_sheet, holes_sheet
from .reconstruction import measure_reconstruction
from .report import render_table, sentence, table, write_whole

# Cells an axis and props: what a CPU of two cores does in about five minutes, and what a graphics card does.
_DEFAULTS = {
    "reconstruction": {"cpu": (96, 8), "gpu": (380, 24)},
    "generation": {"cpu": (128, 24), "gpu": (256, 96)},
    "locality": {"cpu": (96, 4), "gpu": (192, 24)},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command with `arguments` (default: those of the process); returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except FlashVDMError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`) and the files are written; nor can Python write the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m flashvdm_core.lab.evaluation", description="Measure a model on held-out props."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    helps = {
        "reconstruction": "encode and decode props: IoU, queries and time of each acceleration (table 3)",
        "generation": "generate from pictures of props: IoU, F-score and silhouettes over the steps",
        "locality": "activated tokens, IoU over the tokens kept, and holes (figures 6, 7, 14 to 17)",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=_measure, command=name)
        _add_measuring(command, name)
    figures = commands.add_parser("figures", help="draw plots of results", description="Draw plots of results.")
    figures.set_defaults(run=_figures)
    figures.add_argument(
        "results", nargs="+", type=Path, metavar="JSON", help="files that the other commands wrote, and folders of training runs"
    )
    figures.add_argument("--out", required=True, type=Path, help="folder of the PNG files, made where missing")
    tables = commands.add_parser("tables", help="renew the marked tables of a document", description=(
        "Renew the tables between <!-- table FILE.json --> and <!-- end of table --> in a Markdown document."))  # fmt: skip
    tables.set_defaults(run=_tables)
    tables.add_argument("document", type=Path)
    return parser


def _add_measuring(command: argparse.ArgumentParser, name: str) -> None:
    """The options of a measurement."""
    (cells, props), (gpu_cells, gpu_props) = _DEFAULTS[name].values()
    several = name == "generation"
    add = command.add_argument
    add("--data", required=True, type=Path, help="packed mesh file (.npz)")
    add("--model", required=True, nargs="+" if several else None, help="embedded, or a checkpoint's folder")
    add("--json", required=True, type=Path, help="file of the result, replaced when the measurement is done")
    add("--split", default="", choices=["train", "val", "test", "all"], help="default: val, or else test, or else all")
    add("--count", type=_whole, help=f"props; 0 for all of the split (default: {props}, {gpu_props} on a graphics card)")
    add("--resolution", type=_whole, help=f"cells an axis (default: {cells}, {gpu_cells} on a graphics card)")
    add("--points", type=_positive, default=METRIC_POINTS, help="for each IoU (default: %(default)s)")
    add("--scale", type=float, default=SHAPE_HALF_SIDE, help="half the longest side of a prop (default: %(default)s)")
    add("--seed", type=_whole, default=0)
    add("--device", default="auto", help=SETTINGS["device"].tooltip)
    add("--precision", default="auto", choices=["auto", *FORMATS])
    if name == "generation":
        add("--steps", type=_whole, nargs="+", default=[0], help="a row for each number; 0 for the model's own (default)")
        add("--guidance", type=float, default=-1.0, help="scale; -1 for the model's own (default)")
        add("--scorer", help="module:function with more scores of picture and mesh, such as ULIP-I and Uni3D-I")
    if name == "locality":
        add("--topk", type=_positive, nargs="+", help="numbers of tokens to keep (default: 1/16 to all)")
    if name != "reconstruction":
        add("--pictures", type=Path, metavar="PNG", help="picture of the meshes of the first props")
        add("--shown", type=_positive, default=6, help="props in it (default: %(default)s)")


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _measure(options: argparse.Namespace) -> int:
    device = choose_device(options.device)
    dtype = choose_dtype(options.precision, device)
    for path in (options.json, getattr(options, "pictures", None)):
        if path is not None and not path.resolve().parent.is_dir():
            raise OutputError(f"There is no folder {path.resolve().parent} for {path.name}; make it or choose another.")
    resolution, count = _DEFAULTS[options.command]["cpu" if device.type == "cpu" else "gpu"]
    resolution = resolution if options.resolution is None else options.resolution
    count = count if options.count is None else options.count
    SETTINGS["resolution"].checked(resolution)
    selected = select(options.data, options.split, count, options.seed, options.scale)
    measured = _measured(options, selected, resolution) | {"device": str(device), "precision": dtype_name(dtype)}
    run = {"reconstruction": _reconstruction, "generation": _generation, "locality": _locality}[options.command]
    result = {"measured": measured} | run(options, selected, device, dtype, resolution)
    write_whole(options.json, lambda path: path.write_text(json.dumps(result, indent=1), encoding="utf-8"))
    _print(result)
    return 0


def _measured(options: argparse.Namespace, selected: Selected, resolution: int) -> dict[str, Any]:
    """What a result was measured on, without paths of this machine."""
    models = options.model if isinstance(options.model, list) else [options.model]
    fill = {"points": options.points, "side": 2 * options.scale}
    return {
        "command": options.command,
        "data": options.data.name,
        "split": selected.split,
        "props": len(selected),
        "indices": list(selected.indices),
        "left_out": selected.left_out,
        "model": ", ".join(model if model == EMBEDDED else Path(model).resolve().name for model in models),
        "resolution": resolution,
        "points": options.points,
        "seed": options.seed,
        "threads": torch.get_num_threads(),
        "definitions": {name: text.format(**fill) for name, text in DEFINITIONS.items()},
    }


def _reconstruction(
    options: argparse.Namespace, selected: Selected, device: torch.device, dtype: torch.dtype, resolution: int
) -> dict[str, Any]:
    decoders = load_decoders(options.model, device, dtype)
    return measure_reconstruction(selected, decoders, resolution, options.points)


def _generation(
    options: argparse.Namespace, selected: Selected, device: torch.device, dtype: torch.dtype, resolution: int
) -> dict[str, Any]:
    variants = [Variant(model, steps, options.guidance) for model in options.model for steps in options.steps]
    result, shown = measure_generation(
        selected,
        list(dict.fromkeys(variants)),
        resolution,
        device=str(device),
        precision=dtype_name(dtype),
        points=options.points,
        scorer=load_scorer(options.scorer) if options.scorer else None,
        shown=options.shown if options.pictures else 0,
    )
    if options.pictures:
        generation_sheet(shown, [row["name"] for row in result["rows"]], options.pictures)
    return result


def _locality(
    options: argparse.Namespace, selected: Selected, device: torch.device, dtype: torch.dtype, resolution: int
) -> dict[str, Any]:
    decoders = load_decoders(options.model, device, dtype)
    tokens = decoders.encoder.spec.num_latents
    topks = options.topk or [max(round(tokens * share), 1) for share in (1 / 16, 1 / 8, 1 / 4, 1 / 3, 1 / 2, 1)]
    result = measure_locality(selected, decoders, resolution, topks, options.points)
    holes, shown = measure_holes(selected, decoders, resolution, options.shown if options.pictures else 0)
    if options.pictures:
        holes_sheet(shown, list(VARIANTS), options.pictures)
    return result | {"holes": holes}


def _print(result: dict[str, Any]) -> None:
    """The tables of a result, and what their numbers mean."""
    titles = {"rows": "", "decoders": "Logits at the same points, without a volume", "top_k": "Tokens kept", "holes": "Holes"}
    for part, title in titles.items():
        if part in result:
            print(f"\n{title}\n{table(result[part])}" if title else table(result[part]))
    if same := result.get("same_surface"):
        print(
            f"\nThe hierarchical surface against the dense one: IoU {100 * same['iou']:.3f} %, "
            f"{same['hierarchical_vertices']:,.0f} and {same['dense_vertices']:,.0f} vertices, "
            f"{same['vertices_off_by_a_cell']:.0f} of them off by more than a cell, at most {same['farthest_cells']:.2f} cells."
        )
    if result.get("base_decoder") is False:
        print("\nThe model came without a base decoder: its own stands in the first two rows.")
    for message, count in result.get("failures", {}).items():
        print(f"\n{count} generations failed: {message}")
    print(f"\n{sentence(result)}")
    for name, text in result["measured"]["definitions"].items():
        print(f"{name}: {text}.")


def _figures(options: argparse.Namespace) -> int:
    from .figures import draw  # here, so that measuring needs no matplotlib

    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"'{options.out}' cannot be made ({error.strerror or error}); choose another folder.") from error
    for path in draw(options.results, options.out):
        print(path)
    return 0


def _tables(options: argparse.Namespace) -> int:
    renew_page(options.document, render_table)
    return 0


if __name__ == "__main__":
    sys.exit(main())

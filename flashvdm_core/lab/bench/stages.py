"""Time the stages of one model at one resolution, and the baseline, into one plain dictionary."""

from __future__ import annotations

import gc
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ...api.mesh import TriangleMesh
from ...api.settings import PREVIEW_RESOLUTION
from ...api.units import BOX_HALF_SIDE
from ...decoding import DecodeProgress, Field, Groups, Level, Selection, VecsetField, decode_volume
from ...decoding.field import IndexedField
from ...decoding.kv_selection import default_selection
from ...decoding.prediction import TOLERANCE
from ...decoding.volume import Options
from ...geometry.cleanup import clean_up
from ...sparse_grid import Grid, SparseVolume, aligned_grids
from ...surface import extract_surface
from .baseline import Repeated, agreement, dense_grid, dense_time, mesh_volume, published_flash, published_mesh
from .clock import Roofline, Timing, measure_roofline, timed
from .model_under_test import ModelUnderTest
from .operations import Operations, counted
from .sampler import Sampler, replaying
from .shape import KnownShape, Replaced

FORMAT = 1
_LEVEL = 0.0
_MEGABYTE = 1 << 20

ResultT = TypeVar("ResultT")
Report = dict[str, Any]


@dataclass
class Bench:
    """Times one model's stages. A stage that fails is reported with its error, and so are those that need its answer.

    Attributes:
        tested: the model.
        resolution: cells along each axis of the decoded volume.
        roofline: what the machine does at best.
        stages: name -> seconds (median), fastest, runs, peak_memory_mb, and where they are known tflop, floor_seconds,
            ratio_to_floor and what the stage itself counts; or `error`.
    """

    tested: ModelUnderTest
    resolution: int
    roofline: Roofline
    stages: dict[str, Report] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tokens = self.tested.model.num_latents
        self.denoiser = replaying(self.tested)
        self.selection = default_selection(tokens)
        selected = self.selection.tokens(tokens) if self.selection else tokens
        self.operations: Operations | None = self.tried("operations", lambda: counted(self.tested.model.spec, selected))
        self.shape = KnownShape(self.tested.device) if self.tested.random else None
        self.chunk = 0  # queries of one call of the last decoding

    def decoded(self) -> Tensor:
        """The example's decoded latents [1, N, width]."""
        return self._decoded(self._sampled(self.tested.condition()))

    def networks(self) -> Tensor | None:
        """Time the image encoder, the steps, the first preview and the latent transformer; the decoded latents [1, N, width]."""
        tested, operations = self.tested, self.operations
        condition = self.stage("image_encoder", tested.condition, operations and operations.image_encoder)
        if condition is None:
            return None
        latents = self.stage("sampling", lambda: self._sampled(condition), operations and self._sampling_operations(operations))
        if "error" not in self.stages["sampling"]:
            evaluations = tested.schedule.evaluations
            self.stages["sampling"] |= {
                "evaluations": evaluations,
                "seconds_per_evaluation": self.stages["sampling"]["seconds"] / evaluations,
            }
        self.stage("first_preview", lambda: self._preview(condition), None)
        if latents is None:
            return None
        return self.stage("latent_transformer", lambda: self._decoded(latents), operations and operations.latent_transformer)

    def decoding(self, decoded: Tensor) -> list[Level] | None:
        """Time volume decoding from decoded latents."""
        levels = self.stage("decode", lambda: self._levels(self._field(decoded), self.resolution), None)
        if levels is None:
            return None
        entry = self.stages["decode"]
        queries = [level.queries for level in levels]
        entry |= {"queries": queries, "chunk": self.chunk}
        if self.operations:
            flop = sum(queries) * self.operations.query_selected + self.operations.keys_values
            entry |= self._against_floor(entry["seconds"], flop)
        clocked = Clocked(self._field(decoded))
        if self.tried("decode", lambda: self._levels(clocked, self.resolution)) is not None:
            entry |= {"network_seconds": clocked.seconds(), "network_calls": clocked.calls}
        return levels

    def surface(self, volume: SparseVolume) -> TriangleMesh | None:
        """Time surface extraction and clean-up."""
        mesh = self.stage("surface", lambda: extract_surface(volume, _LEVEL), None)
        if mesh is None:
            return None
        moved = volume.indices.nbytes + volume.logits.nbytes + mesh.vertices.nbytes + mesh.faces.nbytes
        self.stages["surface"] |= {"vertices": len(mesh.vertices), "faces": len(mesh.faces)}
        self.stages["surface"] |= self._against_floor(self.stages["surface"]["seconds"], 0.0, moved)
        return self.stage("clean_up", lambda: clean_up(mesh), None)

    def whole(self) -> None:
        """Time everything in one go, from the prepared image to the cleaned mesh."""
        self.stage("whole", self._everything, None)
        parts = [self.stages.get(name, {}) for name in ("image_encoder", "sampling", "latent_transformer", "decode", "surface")]
        if "seconds" in self.stages["whole"] and all("floor_seconds" in part for part in parts):
            roofline = sum(part["floor_seconds"] for part in parts)
            self.stages["whole"] |= {"floor_seconds": roofline, "ratio_to_floor": self.stages["whole"]["seconds"] / roofline}

    def naive(self, decoded: Tensor, levels: list[Level], mesh: TriangleMesh) -> Report:
        """Time the baseline; see `summary` for what the speed-up is taken against."""
        decoder = self.tested.model.vae.geo_decoder
        ours, self.stages = self.stages, {}
        plain = Repeated(decoder, decoded, None)
        grid = aligned_grids(self.resolution, self.resolution, BOX_HALF_SIDE, self.tested.device)[-1]
        dense = self.tried("dense", lambda: dense_time(plain, grid))
        if dense:
            self.stages["dense"] = {"seconds": dense.seconds, "evaluated_share": dense.share, "cpu_seconds": dense.cpu_seconds}
        self._scikit_image("scikit_image", self.tried("scikit_image", lambda: dense_grid(levels)))
        if self.tested.device.type != "cpu":
            field = self._answered(Repeated(decoder, decoded, Selection()))
            published = self.stage("published_flash", lambda: published_flash(field, self.resolution), None)
            self._scikit_image("published_flash_scikit_image", published)
        report: Report = self.stages
        self.stages = ours
        if not self.tested.random:
            cells = mesh_volume(mesh.vertices, mesh.faces) / (2 * BOX_HALF_SIDE / self.resolution) ** 3
            exact = VecsetField(decoder, decoded)
            report["agreement"] = self.tried("agreement", lambda: agreement(levels[-1].volume, exact, _LEVEL, cells))
        return report

    def _scikit_image(self, name: str, grid: Tensor | None) -> None:
        if grid is not None:
            self.stage(name, lambda: published_mesh(grid, _LEVEL, self.resolution), None)

    def stage(self, name: str, run: Callable[[], ResultT], flop: float | None) -> ResultT | None:
        """Time one stage; None where it fails."""
        timing = self.tried(name, lambda: timed(torch.no_grad()(run), self.tested.device))
        if timing is None:
            return None
        self.stages[name] = self._entry(timing) | (self._against_floor(timing.seconds, flop) if flop else {})
        return timing.result

    def _entry(self, timing: Timing[Any]) -> Report:
        peak = None if timing.peak_bytes is None else round(timing.peak_bytes / _MEGABYTE, 1)
        entry = {"seconds": timing.seconds, "fastest": timing.fastest, "runs": timing.runs, "peak_memory_mb": peak}
        return entry if timing.cpu_seconds is None else entry | {"cpu_seconds": timing.cpu_seconds}

    def _against_floor(self, seconds: float, flop: float, moved: float = 0.0) -> Report:
        roofline = self.roofline.seconds(flop, moved)
        work = {"tflop": flop / 1e12} if flop else {"megabytes": moved / _MEGABYTE}
        return work | {"floor_seconds": roofline, "ratio_to_floor": seconds / roofline}

    def tried(self, name: str, run: Callable[[], ResultT]) -> ResultT | None:
        """The answer of `run`; None, with the error reported under `name`, where it fails."""
        try:
            with torch.no_grad():
                return run()
        except Exception as error:  # whatever it is: the other stages' times are worth having
            self.stages.setdefault(name, {})["error"] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None

    def _sampling_operations(self, operations: Operations) -> float:
        both = 1 if self.tested.model.guidance_embed else 2
        return operations.velocity * both * self.tested.schedule.evaluations

    def _sampled(self, condition: Tensor) -> Tensor:
        return Sampler(self.tested, condition)(self.denoiser)

    def _decoded(self, latents: Tensor) -> Tensor:
        return self.tested.model.vae.decode(latents)

    def _field(self, decoded: Tensor) -> Field:
        return self._answered(VecsetField(self.tested.model.vae.geo_decoder, decoded, self.selection))

    def _answered(self, network: Field) -> Field:
        """The network's field, with the known shape's answer where its weights are random."""
        return Replaced(network, self.shape) if self.shape else network

    def _levels(self, field: Field, resolution: int) -> list[Level]:
        method = "flash" if self.selection else "hierarchical"
        # The known shape is smoother than a network's may be: nothing is saved by that.
        tolerance = 0.0 if self.shape else TOLERANCE
        options: Options = {"method": method, "level": _LEVEL, "tolerance": tolerance, "on_progress": self._note_chunk}
        return list(decode_volume(field, resolution, **options))

    def _note_chunk(self, progress: DecodeProgress) -> None:
        self.chunk = progress.chunk

    def _preview(self, condition: Tensor) -> TriangleMesh:
        """From the start of sampling to the mesh that is shown first."""
        first = next(Sampler(self.tested, condition).steps(self.denoiser))
        return extract_surface(self._levels(self._field(self._decoded(first.clean)), PREVIEW_RESOLUTION)[-1].volume, _LEVEL)

    def _everything(self) -> TriangleMesh:
        return clean_up(extract_surface(self._levels(self._field(self.decoded()), self.resolution)[-1].volume, _LEVEL))


class Clocked(Field):
    """A field that notes how long its calls take."""

    def __init__(self, inner: Field) -> None:
        self._inner, self.device = inner, inner.device
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        self._seconds = 0.0
        self.calls = 0

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        return self._clocked(self._inner, points, groups)

    def on_grid(self, grid: Grid) -> IndexedField:
        """The same for the fast path of the field."""
        inner = self._inner.on_grid(grid)
        return lambda indices, groups=None: self._clocked(inner, indices, groups)

    def _clocked(self, field: Callable[[Tensor, Groups | None], Tensor], where: Tensor, groups: Groups | None) -> Tensor:
        self.calls += 1
        if self.device.type != "cuda":
            start = time.perf_counter()
            values = field(where, groups)
            self._seconds += time.perf_counter() - start
            return values
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        values = field(where, groups)
        end.record()
        self._events.append((begin, end))
        return values

    def seconds(self) -> float:
        """Time of all calls so far."""
        if self._events:
            torch.cuda.synchronize(self.device)
        return self._seconds + sum(begin.elapsed_time(end) for begin, end in self._events) / 1e3


def run(tested: ModelUnderTest, resolution: int, *, decode_only: bool = False) -> Report:
    """Time a model at one resolution.

    Args:
        tested: the model.
        resolution: cells along each axis.
        decode_only: volume decoding and surface alone; the networks before them run once, untimed.

    Returns:
        A dictionary for JSON: `machine`, `model`, `resolution`, `stages`, `naive`, `decode_and_surface_seconds`,
        `naive_seconds` and `speedup_vs_naive` (None where a part of either failed).
    """
    roofline = measure_roofline(tested.device, tested.dtype)
    bench = Bench(tested, resolution, roofline)
    decoded = bench.tried("networks", bench.decoded) if decode_only else bench.networks()
    levels = mesh = None
    naive: Report = {}
    if decoded is not None:
        levels = bench.decoding(decoded)
    if levels:
        mesh = bench.surface(levels[-1].volume)
    if decoded is not None and not decode_only:
        bench.whole()
    if decoded is not None and levels and mesh is not None:
        naive = bench.naive(decoded, levels, mesh)
    return {"format": FORMAT, **metadata(tested, resolution, roofline), "stages": bench.stages, "naive": naive} | summary(
        bench.stages, naive
    )


def summary(stages: Report, naive: Report) -> Report:
    """Decode and surface together, against the baseline: the published flash decoder where it ran (on a GPU), else dense."""
    kind = ("published_flash", "published_flash_scikit_image") if "published_flash" in naive else ("dense", "scikit_image")
    ours, theirs = (_sum(report, names) for report, names in ((stages, ("decode", "surface")), (naive, kind)))
    busy, their_busy = (_sum(report, names, "cpu_seconds") for report, names in ((stages, ("decode", "surface")), (naive, kind)))
    return {
        "decode_and_surface_seconds": ours,
        "naive_seconds": theirs,
        "naive_kind": " + ".join(kind),
        "speedup_vs_naive": theirs / ours if ours and theirs else None,
        # What the process itself spent, whatever else kept the cores busy.
        "cpu_speedup_vs_naive": their_busy / busy if busy and their_busy else None,
    }


def _sum(report: Report, names: tuple[str, str], key: str = "seconds") -> float | None:
    seconds = [report.get(name, {}).get(key) for name in names]
    return sum(seconds) if all(seconds) else None


def metadata(tested: ModelUnderTest, resolution: int, roofline: Roofline) -> Report:
    """What a report says of the machine, the model and the run."""
    weights = sum(
        p.nbytes for module in (tested.model.denoiser, tested.model.vae, tested.model.image_encoder) for p in module.parameters()
    )
    return {
        "machine": {
            **machine(tested.device),
            "floor_tflops": roofline.flops / 1e12,
            "floor_gigabytes_per_second": roofline.bandwidth / 1e9,
        },
        "model": tested.model.name,
        "random_weights": tested.random,
        "weights_mb": round(weights / _MEGABYTE, 1),
        "precision": str(tested.dtype).removeprefix("torch."),
        "resolution": resolution,
    }


def machine(device: torch.device) -> Report:
    """What a report says of the machine."""
    cuda = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if cuda else platform.processor() or platform.machine(),
        "kind": device.type,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "triton": _version("triton"),
        "scikit_image": _version("scikit-image"),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

"""Making the meshes of a batch on a Ray cluster: this process claims, publishes and tells, the cluster's workers make.

Images travel to the workers and meshes back, and so does this package, so that the machines need no folder in common.
They need PyTorch and the other packages, and a model that is not built in must lie in the same folder on each.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import NOT_SHIPPED
from ..api.errors import BatchError
from ..api.events import Failure, Result
from ..api.tasks import Request
from ..files import open_file
from .items import Item
from .local import last_of
from .run import Finished

_PACKAGE = Path(__file__).resolve().parents[1]
_NOT_SENT = [f"/{NOT_SHIPPED}", "__pycache__"]  # patterns as in a .gitignore
_WAIT_SECONDS = 0.25


class ClusterExecutor:
    """An `Executor` with a worker for each GPU of the cluster, or for each machine where it has none.

    Args:
        address: as Ray takes it: "auto" for the cluster of this machine, "host:port" of a head node.

    Raises:
        BatchError: Ray is not installed, or there is no cluster at the address.
    """

    def __init__(self, address: str) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing goes to anybody unasked
        try:
            import ray
        except ModuleNotFoundError:
            raise BatchError(
                "A cluster needs the package 'ray' in this Python; install it with pip, or leave --ray out."
            ) from None
        self._ray: Any = ray
        environment = {"py_modules": [str(_PACKAGE)], "excludes": _NOT_SENT}
        try:
            ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise BatchError(f"There is no Ray cluster at '{address}' ({reason}); start one with 'ray start --head'.") from error
        self._idle: list[Any] = self._workers()
        self.capacity = len(self._idle)
        self._under_way: dict[Any, tuple[Item, Any]] = {}

    def start(self, item: Item) -> None:
        assert item.request is not None
        worker = self._idle.pop()
        images = {view: (path, _content(Path(path))) for view, path in item.request.images.items()}
        self._under_way[worker.make.remote(images, dict(item.request.settings))] = item, worker

    def wait(self, interrupted: Callable[[], bool]) -> Finished | None:
        while not interrupted():
            ready, _ = self._ray.wait(list(self._under_way), timeout=_WAIT_SECONDS)
            if ready:
                item, worker = self._under_way.pop(ready[0])
                self._idle.append(worker)
                return self._finished(item, ready[0])
        return None

    def close(self) -> None:
        self._ray.shutdown()  # which ends the workers, as they belong to this process

    def _finished(self, item: Item, reference: Any) -> Finished:
        try:
            end, warnings = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            message = "The cluster's worker ended before its mesh was made; look at the memory of its machine and start again."
            return Finished(item, Failure("WorkerError", message, str(error)))
        return Finished(item, end, warnings)

    def _workers(self) -> list[Any]:
        # A worker that is lost is started again, and what it was making is asked for once more.
        lasting = {"max_restarts": -1, "max_task_retries": 1}
        worker = self._ray.remote(_Worker)
        gpus = int(self._ray.cluster_resources().get("GPU", 0))
        if gpus:
            return [worker.options(num_gpus=1, **lasting).remote() for _ in range(gpus)]
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        if not nodes:
            raise BatchError("The Ray cluster has neither GPUs nor CPUs to give; add machines to it.")
        return [
            worker.options(
                # PyTorch computes with as many threads as the worker has CPUs.
                num_cpus=int(node["Resources"]["CPU"]),
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=True),
                **lasting,
            ).remote()
            for node in nodes
        ]


class _Worker:
    """One pipeline on a machine of the cluster."""

    def __init__(self) -> None:
        from ..pipeline.pipeline import Pipeline

        self._pipeline = Pipeline()

    def make(
        self, images: dict[str, tuple[str, bytes | None]], settings: dict[str, Any]
    ) -> tuple[Result | Failure, tuple[str, ...]]:
        """Make one mesh.

        Args:
            images: view -> path where the batch runs, and the content of the file (None: it cannot be read there).
            settings: of the request.

        Returns:
            How the generation ended, and its warnings.
        """
        with tempfile.TemporaryDirectory(prefix="flashvdm-") as folder:
            there = {view: _brought(Path(folder), view, *image) for view, image in images.items()}
            end, warnings = last_of(self._pipeline.generate(Request(there, settings)))
        if isinstance(end, Failure):
            # The user knows the image by its own path.
            for view, (path, _) in images.items():
                end = replace(end, message=end.message.replace(there[view], path))
        return end, warnings


def _brought(folder: Path, view: str, path: str, content: bytes | None) -> str:
    """The image's file on the worker's machine; where there is no content, the path that could not be read."""
    if content is None:
        return path
    place = folder / f"{view}{Path(path).suffix}"
    place.write_bytes(content)
    return str(place)


def _content(path: Path) -> bytes | None:
    try:
        with open_file(path) as file:
            return file.read()
    except OSError:
        return None

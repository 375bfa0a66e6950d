"""A process that renders pictures into shared memory while the trainer learns from them.

Each picture is used `reuse` times on average. What a step may draw from is decided by the step's number alone, and the trainer
waits for pictures that are not rendered yet, so neither the speed of the two processes nor a restart changes what is learned.
"""

from __future__ import annotations

import math
import os
import time
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized

import numpy as np
import torch

from .data import Meshes, Source
from .latents import LatentSource
from .views import ViewOptions, ViewPack, make_pack

_POLL = 0.003
_AHEAD = 64
_CHOICE_STREAM = 1


class ViewRing:
    """Pictures by number, rendered elsewhere.

    Args:
        sources, split: the meshes.
        options: of the pictures.
        window: a step draws from so many of the latest pictures.
        reuse: average uses of a picture.
        first_step, batch: where training starts.
    """

    def __init__(
        self,
        sources: list[Source],
        options: ViewOptions,
        window: int,
        reuse: float,
        batch: int,
        first_step: int = 0,
        nice: int = 0,
    ) -> None:
        self._window, self._reuse, self._batch = window, reuse, batch
        latents = LatentSource(options.latents).shape if options.latents else (0, 0)
        self._ring = ViewPack.empty(window + 2 * _AHEAD + batch, options.size, latents)
        context = get_context("spawn")
        low, _ = self.range(first_step)
        self._rendered: Synchronized[int] = context.Value("q", low)
        self._wanted: Synchronized[int] = context.Value("q", low)
        arguments = (sources, options, self._ring, self._rendered, self._wanted, nice)
        self._process = context.Process(target=_render, args=arguments, daemon=True)
        self._process.start()

    def range(self, step: int) -> tuple[int, int]:
        """Numbers of the pictures that a step draws from: first, and one past the last."""
        end = self._window // 4 + math.ceil((step + 1) * self._batch / self._reuse)
        return max(0, end - self._window), end

    def draw(self, step: int, rng: torch.Generator) -> ViewPack:
        """The pictures of a step: as many as the batch."""
        low, end = self.range(step)
        self._wanted.value = end + _AHEAD
        while self._rendered.value < end:
            if not self._process.is_alive():
                raise RuntimeError("the process that renders pictures has ended")
            time.sleep(_POLL)
        chosen = torch.randint(low, end, (self._batch,), generator=rng)
        return self._ring.take(chosen % len(self._ring.row))

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()


def _render(
    sources: list[Source], options: ViewOptions, ring: ViewPack, rendered: Synchronized[int], wanted: Synchronized[int], nice: int
) -> None:
    """The other process: render what is wanted, in order, for ever."""
    torch.set_num_threads(1)
    os.nice(nice)
    meshes = Meshes(sources, "train")
    latents = LatentSource(options.latents) if options.latents else None
    while True:
        number = rendered.value
        if number >= wanted.value:
            time.sleep(_POLL)
            continue
        ring.put(number % len(ring.row), numbered_pack(meshes, number, options, latents))
        rendered.value = number + 1


def numbered_pack(meshes: Meshes, number: int, options: ViewOptions, latents: LatentSource | None = None) -> ViewPack:
    """Picture `number` of a random mesh."""
    rng = np.random.default_rng([options.seed, number, _CHOICE_STREAM])
    return make_pack(number, meshes.draw(rng), meshes.scale, options, latents)

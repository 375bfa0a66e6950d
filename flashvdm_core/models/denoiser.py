"""What every denoiser is to the samplers: a network for the velocity, and the same network prepared for a condition."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from torch import Tensor, nn

from .specs import DiTSpec, SkipDiTSpec

SpecT = TypeVar("SpecT", bound=DiTSpec | SkipDiTSpec)


class Denoiser(nn.Module, Generic[SpecT]):
    """Predicts the velocity dx/ds (data minus noise) of noisy latents.

    Called with latents [B, N, in_channels], time [B] in [0, 1] (0 noise, 1 data; it may lie on the CPU), condition tokens
    [B, M, D] and what else it takes: where `guidance_embed`, a guidance scale [B]; where its spec has a `context_dim_2`, the
    tokens of a second condition [B, M', D']. It answers with the velocity [B, N, in_channels].

    Attributes:
        spec: its sizes.
        capturable: whether a prepared step is always the same operations on the device alone, which a CUDA graph can replay.
    """

    capturable: ClassVar[bool] = False

    def __init__(self, spec: SpecT) -> None:
        super().__init__()
        self.spec = spec

    @property
    def guidance_embed(self) -> bool:
        """Whether it takes the guidance scale as an input; otherwise guidance is classifier-free."""
        return self.spec.guidance_embed

    def prepare(self, times: Tensor, cond: Tensor, extra: Tensor | None = None) -> PreparedDenoiser:
        """Do what does not depend on the latents once, for all times at which they will be asked for.

        Args:
            times: [S] on the CPU.
            cond: condition tokens [B, M, D].
            extra: what else it takes: a guidance scale [1] or [B], the same for the whole batch, or a second condition.
        """
        return PreparedDenoiser(self, cond, *(() if extra is None else (extra,)))


class PreparedDenoiser:
    """A denoiser with its condition and guidance: what the denoiser itself gives, with as little work at each step as it knows.

    Here nothing is computed beforehand; a denoiser that can do better has a subclass of its own.
    """

    def __init__(self, module: nn.Module, *given: Tensor) -> None:
        self.module = module
        """The network with the weights that `compute` reads."""
        self._given = given

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """Latents [B, N, in_channels] and their common time [B], one of those prepared and on the CPU -> velocity."""
        return self.compute(*self.inputs(x, t))

    def inputs(self, x: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """All that the velocity of a step depends on, as tensors whose shapes are the same at each step."""
        return x, t, *self._given

    def compute(self, *inputs: Tensor) -> Tensor:
        """`inputs` -> velocity [B, N, in_channels]."""
        return self.module(*inputs)

"""How long a task will still take, from what the stages of earlier ones took. No bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...flashvdm_core.api.events import Stage
from ...flashvdm_core.api.tasks import Task, stages_of
from .background_blender import BlenderTask
from .job import Job, State

_SLOWEST = 4.0  # how much slower than before a machine may be found to be

_Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Past:
    """What a task took.

    Attributes:
        seconds: wall time of each stage.
        steps: its sampling steps.
        resolution: cells along an axis.
    """

    seconds: Mapping[Stage, float]
    steps: int
    resolution: int

    def expected(self, stage: Stage, task: Task) -> float:
        """Seconds of a stage of another task: steps count alike, and a surface has its points by the square.

        The texture has a part that only the image decides: its time has been seen to grow no faster than the resolution.
        """
        seconds = self.seconds.get(stage, 0.0)
        if stage is Stage.SAMPLE:
            return seconds * (task.settings.steps or self.steps) / self.steps
        if stage in (Stage.DECODE, Stage.EXTRACT):
            return seconds * (task.settings.resolution / self.resolution) ** 2
        if stage is Stage.TEXTURE:
            return seconds * task.settings.resolution / self.resolution
        return seconds


class EtaEstimator:
    """What has been seen in this Blender, for each model, device and precision."""

    def __init__(self) -> None:
        self._past: dict[_Key, _Past] = {}

    def observe(self, job: Job) -> None:
        """Remember what the stages of a job took that has its result."""
        if job.result is None or isinstance(job.task, BlenderTask):
            return
        key, settings = _key(job.task), job.result.settings
        seconds = {Stage(name): taken for name, taken in job.result.seconds.items()}
        before = self._past[key].seconds if key in self._past else {}
        self._past[key] = _Past({**before, **seconds}, int(settings.get("steps", 0)) or 1, job.task.settings.resolution)

    def remaining_seconds(self, job: Job) -> float | None:
        """Seconds to the end of a job under way; None where nothing is known yet."""
        if isinstance(job.task, BlenderTask):
            return None
        past = self._past.get(_key(job.task))
        if past is None or job.stage is None or job.state is not State.RUNNING:
            return None
        stages = stages_of(job.task)
        expected = {stage: past.expected(stage, job.task) for stage in stages}
        before = sum(expected[stage] for stage in job.stage_times if stage in (Stage.SAMPLE, Stage.DECODE))
        took = sum(seconds for stage, seconds in job.stage_times.items() if stage in (Stage.SAMPLE, Stage.DECODE))
        slower = min(max(took / before, 1 / _SLOWEST), _SLOWEST) if before > 0 else 1.0
        later = sum(expected[stage] for stage in stages[stages.index(job.stage) + 1 :])
        return max(slower * expected[job.stage] - job.stage_seconds, 0.0) + slower * later


def _key(task: Task) -> _Key:
    return task.settings.model, task.settings.device, task.settings.precision

"""Sampling: from noise to latents along the learned flow (s = 0 is noise, s = 1 is data)."""

from .flow import Step, Velocity, draw_noise, guided_velocity, sample
from .forecast import FEWEST_STEPS, Forecast
from .graphs import CUDAGraphDenoiser
from .schedules import Schedule, consistency_schedule, flow_matching_schedule, schedule_for

__all__ = [
    "FEWEST_STEPS",
    "CUDAGraphDenoiser",
    "Forecast",
    "Schedule",
    "Step",
    "Velocity",
    "consistency_schedule",
    "draw_noise",
    "flow_matching_schedule",
    "guided_velocity",
    "sample",
    "schedule_for",
]

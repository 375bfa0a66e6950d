"""How fast the stages are, against the machine's floor and against a naive twin, all in one run."""

from ...runtime.threads import wait_asleep

wait_asleep()  # here, because the modules below import torch

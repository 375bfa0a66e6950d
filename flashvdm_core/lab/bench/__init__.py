"""How fast the stages are, against the machine's floor and against a naive twin, all in one run."""

from ...runtime.threads import use_passive_waiting

use_passive_waiting()  # here, because the modules below import torch

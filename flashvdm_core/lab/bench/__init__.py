"""How fast the stages are, against the machine's roofline and against a baseline, all in one run."""

from ...runtime.threads import use_passive_waiting

use_passive_waiting()  # here, because the modules below import torch

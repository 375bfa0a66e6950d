"""`python -m flashvdm_core.lab.data.procedural`."""

import sys

from .generate import main

sys.exit(main())

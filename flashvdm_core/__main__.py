"""`python -m flashvdm_core`: the command line."""

import sys

# A user may choose any Python: an older one would fail below with a message about syntax.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(f"FlashVDM needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}.")

from .cli import main
from .runtime.threads import use_passive_waiting

if __name__ == "__main__":
    use_passive_waiting()
    sys.exit(main())

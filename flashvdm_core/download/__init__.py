"""Files from the network: resumed, verified, and there whole or not at all. Standard library only.

`fetch` takes a `Download` to a folder, over a `Network`, and tells its `Progress`; `hub` makes downloads of the files of a
repository of the Hugging Face hub. Whatever ends without the file is a `DownloadError`, one sentence that says what to do.
"""

from .fetch import Progress, Step, fetch, fetch_all, look_up, look_up_commit
from .files import Download
from .network import Network

__all__ = ["Download", "Network", "Progress", "Step", "fetch", "fetch_all", "look_up", "look_up_commit"]

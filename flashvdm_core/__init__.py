"""FlashVDM: image to 3D with a vecset diffusion model, in PyTorch.

Importing this package (and `api`) pulls in nothing but
the standard library and NumPy, so that a host without torch can speak to a worker process.
"""

__version__ = "0.1.0"

NOT_SHIPPED = "lab"
"""The one room that neither the extension nor the package sent to a cluster holds: training, evaluation, benchmarks."""

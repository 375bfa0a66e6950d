"""The worker process: a generator behind a pipe, so that a host needs no torch and cannot be taken down by it.

`protocol` is for both sides (standard library and NumPy); `serve` is the worker's side and needs torch.
"""

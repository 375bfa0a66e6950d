"""The worker process: the pipeline behind a pipe, so that a host needs no torch and cannot be taken down by it.

Both sides speak `api.wire`; `serve` is the worker's side and needs torch.
"""

"""Many images into many meshes, so that a run that was stopped, killed or shared between processes ends with each once.

items -> ledger (claimed? made already?) -> maker (this process, or a cluster) -> ledger (published) -> log
"""

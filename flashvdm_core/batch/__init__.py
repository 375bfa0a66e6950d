"""Many images into many meshes, so that a run that was stopped, killed or shared between processes ends with each once.

items -> index (claimed? made already?) -> executor (this process, or a cluster) -> index (published) -> log
"""

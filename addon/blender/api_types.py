"""Names for what the type stubs of the supported Blender versions disagree on."""

from typing import Any

Context = Any
"""bpy.types.Context. The stubs of 4.2 call the methods of operators and panels with a Context, those of 5.2
with a Context or None; nothing else than Any overrides both."""

Event = Any
"""bpy.types.Event; the same."""

Returned = set[Any]
"""What an operator returns: a set of bpy's OperatorReturnItems."""

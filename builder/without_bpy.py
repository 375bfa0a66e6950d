"""A pytest plug-in: `import bpy` fails, though the environment has it. Proves that the core needs no Blender."""

from __future__ import annotations

import sys

sys.modules["bpy"] = None  # type: ignore[assignment]  # how Python itself marks a module that must not be imported

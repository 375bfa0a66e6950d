"""Colours of pictures on a mesh: where they were seen from, what they show of it, what the rest gets.

    pictures + surface -> views (fitted) -> islands of UVs -> each texel: seen, mirrored, or from around

NumPy alone and any polygons, so that a host can also use it on what a mesh has become later: with fewer faces, of
quads, edited by hand.
"""

from ..geometry.camera import OrthographicCamera, fit_camera
from ..geometry.polygons import PolygonMesh
from .photo import MatrixCamera, Photo
from .texture import project_photos, project_texture

__all__ = ["MatrixCamera", "OrthographicCamera", "Photo", "PolygonMesh", "fit_camera", "project_photos", "project_texture"]

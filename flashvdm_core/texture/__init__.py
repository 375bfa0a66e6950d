"""Colours of the front image on a mesh: where it was seen from, which faces it shows, what the others get.

    picture + surface -> view (fitted) -> faces classified (in the picture or hidden) -> UV charts -> texture

NumPy alone and any polygons, so that a host can also use it on what a mesh has become later: with fewer faces, of
quads, edited by hand.
"""

from ..geometry.camera import OrthographicCamera, fit_camera
from ..geometry.polygons import PolygonMesh
from .texture import project_texture

__all__ = ["OrthographicCamera", "PolygonMesh", "fit_camera", "project_texture"]

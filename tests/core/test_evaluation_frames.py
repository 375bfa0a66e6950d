"""A generated shape is held against the truth in the frame that its model answers in."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")

from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.lab.data.meshes import ColouredMesh
from flashvdm_core.lab.data.render import Camera, render_view
from flashvdm_core.lab.evaluation.generation import IMAGE_SIZE, FramedTruth
from flashvdm_core.lab.evaluation.held_out import HeldOutMesh
from flashvdm_core.lab.evaluation.metrics import iou, silhouette_iou, volume_points
from flashvdm_core.lab.evaluation.occupancy import closed_occupancy
from flashvdm_core.lab.training.pixel_aligned.frames import place
from flashvdm_core.models.specs import Frame

from .training_shapes import box

CAMERA = Camera(yaw=40, elevation=20, fov=0)


@pytest.mark.parametrize("frame", ["view", "canonical"])
def test_the_true_shape_is_right_in_its_frame_and_in_no_other(frame: Frame) -> None:
    vertices, faces = box((0.9, 0.4, 0.2))
    grey = np.full((len(faces), 3), 128, np.uint8)
    prop = HeldOutMesh.of(ColouredMesh("box", vertices.numpy(), faces.numpy(), grey, "val"), 0, 1.0, 0)
    picture = render_view(prop.vertices, prop.faces, prop.face_rgb, CAMERA, IMAGE_SIZE)
    truth = FramedTruth.of(prop, CAMERA, picture, volume_points(4000, np.random.default_rng(0)), frame)
    upright = TriangleMesh(place(prop.vertices, CAMERA).apply(prop.vertices).numpy(), faces.numpy().astype(np.int32))
    stored = TriangleMesh(prop.vertices.numpy(), upright.faces)
    right, wrong = (upright, stored) if frame == "view" else (stored, upright)
    assert iou(closed_occupancy(right, truth.points), truth.inside) > 0.97
    assert iou(closed_occupancy(wrong, truth.points), truth.inside) < 0.6
    assert silhouette_iou(right, truth.camera, picture[..., 3].numpy() > 127) > 0.97
    np.testing.assert_allclose(truth.as_stored(right).vertices, stored.vertices, atol=1e-5)
    assert 0.1 < truth.outline_iou < 0.9

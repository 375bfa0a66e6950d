"""What another Blender does while the user goes on: other faces, the image on the mesh, the camera's picture."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from .conftest import Import, content, tick_until
from .test_colours import shades

if TYPE_CHECKING:
    from addon.session.session import Session


@pytest.fixture
def session(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The session, in a Blender whose operators are invoked: without windows Blender executes them."""
    mesh, images = extension("addon.ui.operators.mesh"), extension("addon.ui.operators.images")
    for cls in (mesh.FLASHVDM_OT_set_triangles, mesh.FLASHVDM_OT_set_quads, mesh.FLASHVDM_OT_lay_colours):
        monkeypatch.setattr(cls, "execute", lambda self, context: self.invoke(context, None))
    take = images.FLASHVDM_OT_take_image
    execute = take.execute
    camera = lambda self, context: self.invoke(context, None) if self.source == "CAMERA" else execute(self, context)  # noqa: E731
    monkeypatch.setattr(take, "execute", camera)
    return extension("addon.session.session").session


def finish(session: Session) -> Any:
    tick_until(session, lambda: not session.tasks.generating)
    return session.tasks.job


@pytest.fixture
def ball(session: Session) -> bpy.types.Object:
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=5, radius=1)
    bpy.context.object.vertex_groups.new(name="Arm").add([0, 1, 2], 1.0, "ADD")
    bpy.context.object.data.materials.append(bpy.data.materials.new("Brass"))
    bpy.ops.ed.undo_push(message="Ball")
    return bpy.context.object


def test_fewer_triangles_while_the_user_goes_on_in_one_undo_step(session: Session, ball: bpy.types.Object) -> None:
    before = content()
    start = time.perf_counter()
    assert bpy.ops.flashvdm.set_triangles(target=1000) == {"FINISHED"}
    assert time.perf_counter() - start < 0.5, "the button returns at once"
    assert len(ball.data.polygons) == 5120
    bpy.ops.object.empty_add()
    ball.location.x = 3
    job = finish(session)
    assert (job.state.name, job.outcome) == ("DONE", f"{len(ball.data.polygons):,} triangles")
    assert len(ball.data.polygons) == pytest.approx(1000, rel=0.02)
    assert [group.name for group in ball.vertex_groups] == ["Arm"]
    assert [material.name for material in ball.data.materials] == ["Brass"]
    assert ball.location.x == 3
    assert {**content(), "objects": []} == {**before, "objects": []}
    assert bpy.context.object.type == "EMPTY", "what the user has selected meanwhile stays selected"
    assert not list(bpy.data.libraries)
    name = ball.name
    bpy.ops.ed.undo()
    assert len(bpy.data.objects[name].data.polygons) == 5120


@pytest.mark.parametrize("meanwhile", ["cancel", "edit", "undo"])
def test_what_the_user_does_meanwhile_is_respected(session: Session, ball: bpy.types.Object, meanwhile: str) -> None:
    bpy.ops.flashvdm.set_triangles(target=100)
    tick_until(session, lambda: session.tasks.job.state.name == "RUNNING")
    match meanwhile:
        case "cancel":
            bpy.ops.flashvdm.cancel()
        case "edit":
            ball.data.vertices[0].co.z = 5
        case "undo":
            bpy.ops.ed.undo()
    job = finish(session)
    words = {"edit": "was changed", "undo": "deleted", "cancel": ""}[meanwhile]
    assert job.state.name == ("CANCELLED" if meanwhile == "cancel" else "FAILED")
    assert words in job.error
    if meanwhile != "undo":
        assert len(ball.data.polygons) == 5120
    folders = [path for path in Path(bpy.app.tempdir).glob("flashvdm-*") if (path / "order.json").exists()]
    assert folders == [], "nothing is left of it"


def test_quads_take_the_colours_along(worker: Callable[..., str], image: str, session: Session, ball: bpy.types.Object) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image)
    obj = bpy.context.object
    before = content()
    bpy.ops.flashvdm.set_quads(target=300, method="FLOW")
    bpy.ops.flashvdm.lay_colours(fit=False, yaw=10.0)
    assert finish(session).state.name == "DONE"
    assert {len(face.vertices) for face in obj.data.polygons} == {4}
    assert np.abs(shades(obj) - (1, 0, 0)).max() < 0.05
    assert obj.flashvdm.yaw == 10.0, "the second task came after the first"
    assert content() == before


def test_the_camera_is_rendered_beside_the_users_work(session: Session, tmp_path: Path) -> None:
    scene = bpy.context.scene
    bpy.ops.object.camera_add(location=(0, -6, 0), rotation=(np.pi / 2, 0, 0))
    scene.camera = bpy.context.object
    bpy.ops.mesh.primitive_cube_add()
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x = scene.render.resolution_y = 32
    assert bpy.ops.flashvdm.take_image(source="CAMERA") == {"FINISHED"}
    assert not scene.flashvdm.image
    job = finish(session)
    assert job.state.name == "DONE", job.error
    picture = bpy.data.images.load(scene.flashvdm.image)
    assert tuple(picture.size) == (32, 32)
    pixels = np.array(picture.pixels[:]).reshape(32, 32, 4)
    assert pixels[16, 16, 3] == 1.0
    assert pixels[0, 0, 3] == 0.0
    scene.camera = None
    with pytest.raises(RuntimeError, match="no active camera"):
        bpy.ops.flashvdm.take_image(source="CAMERA")


def test_another_blender_that_dies_is_a_failure_with_a_sentence(session: Session, ball: bpy.types.Object) -> None:
    bpy.ops.flashvdm.set_triangles(target=100)
    tick_until(session, lambda: session.tasks.job.state.name == "RUNNING")
    session.tasks._blender._process.kill()
    job = finish(session)
    assert job.state.name == "FAILED"
    assert "ended without a result" in job.error
    assert len(ball.data.polygons) == 5120
    assert json.dumps(content())


def test_a_new_mesh_may_come_as_quads_in_one_undo_step(
    worker: Callable[..., str], image: str, session: Session, monkeypatch: pytest.MonkeyPatch, extension: Import
) -> None:
    worker("good")
    operator = extension("addon.ui.operators.generate").FLASHVDM_OT_generate
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))
    before = content()
    bpy.ops.flashvdm.generate(filepath=image, topology="QUADS", face_budget=300, size=3.0)
    job = finish(session)
    obj = bpy.context.object
    assert (job.state.name, job.warnings) == ("DONE", ["The stand-in made a box."])
    assert job.outcome == f"{len(obj.data.polygons)} faces"
    assert {len(face.vertices) for face in obj.data.polygons} == {4}
    assert max(obj.dimensions) == pytest.approx(3.0, rel=0.05)
    assert np.abs(shades(obj) - (1, 0, 0)).max() < 0.05
    assert json.loads(obj.flashvdm.settings)["face_budget"] == 300
    bpy.ops.ed.undo()
    assert content() == before

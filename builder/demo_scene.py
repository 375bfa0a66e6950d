"""The part of the demo that runs inside Blender: install the zip, generate, render, save.

`python demo_scene.py ORDER`, where ORDER is JSON with the paths `zip`, `image`, `output` (a folder)
and `report` (a JSON file this script writes last). Started by `demo.py`.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from math import radians, sin
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector
from PIL import Image, ImageOps

SIDE = 512
SAMPLES = 32
# Seen from the front right and a little above: -y is towards the viewer of the input image.
CAMERA_DIRECTION = Vector((0.62, -1.0, 0.5)).normalized()
FIELD_OF_VIEW = radians(30)
CLAY = (0.62, 0.47, 0.36, 1.0)
PAPER = (235, 235, 235)


def main(order: dict[str, Path]) -> None:
    """Do what `order` says and write the report: what was made, or `error`, the sentence that says why not."""
    seconds: dict[str, float] = {}
    # As a user installs it.
    bpy.ops.extensions.package_install_files(filepath=str(order["zip"]), repo="user_default", enable_on_install=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    name = order["image"].stem
    start = time.perf_counter()
    try:
        bpy.ops.flashvdm.generate(filepath=str(order["image"]))
    except RuntimeError as error:
        # Blender raises what the operator reported to the user: a sentence, which is what the demo shows.
        order["report"].write_text(json.dumps({"error": str(error).strip().removeprefix("Error: ")}), encoding="utf-8")
        raise
    seconds["Generate, with the start of the worker"] = time.perf_counter() - start
    shape = generated()
    files = {kind: order["output"] / f"{name}.{kind}" for kind in ("blend", "glb", "png")}
    export(shape, files["glb"])
    set_up_scene(shape)
    start = time.perf_counter()
    picture(shape, order["image"], files["png"])
    seconds["Render with Cycles on the CPU"] = time.perf_counter() - start
    bpy.ops.wm.save_as_mainfile(filepath=str(files["blend"]), check_existing=False, compress=True)
    report = {
        "object": shape.name,
        "vertices": len(shape.data.vertices),
        "triangles": len(shape.data.loop_triangles),
        "seconds": seconds,
        "files": [str(path) for path in files.values()],
    }
    order["report"].write_text(json.dumps(report), encoding="utf-8")


def generated() -> Any:
    """The one mesh object of the scene."""
    meshes = [thing for thing in bpy.context.scene.objects if thing.type == "MESH"]
    if len(meshes) != 1 or not meshes[0].data.polygons:
        raise SystemExit(f"The scene should hold one generated mesh, but holds {[thing.name for thing in meshes]}.")
    meshes[0].data.calc_loop_triangles()
    return meshes[0]


def export(shape: Any, path: Path) -> None:
    """Write the mesh as a .glb."""
    bpy.ops.object.select_all(action="DESELECT")
    shape.select_set(True)
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB", use_selection=True)


def set_up_scene(shape: Any) -> None:
    """A floor, two lights and a camera that sees the whole shape."""
    corners = [shape.matrix_world @ Vector(corner) for corner in shape.bound_box]
    centre = sum(corners, Vector()) / len(corners)
    radius = max((shape.matrix_world @ vertex.co - centre).length for vertex in shape.data.vertices)
    bpy.ops.mesh.primitive_plane_add(size=100 * radius, location=(centre.x, centre.y, min(corner.z for corner in corners)))
    bpy.context.object.name = "Floor"
    bpy.context.object.data.materials.append(matte("Floor", (0.8, 0.8, 0.8, 1.0)))
    area_light("Key", centre + radius * Vector((-2.0, -3.0, 3.5)), centre, 2.0 * radius, 110.0 * radius**2)
    area_light("Fill", centre + radius * Vector((3.5, -2.0, 1.5)), centre, 3.0 * radius, 40.0 * radius**2)
    world = bpy.data.worlds.new("World")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.5
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (1.0, 1.0, 1.0, 1.0)
    scene = bpy.context.scene
    scene.world = world
    data = bpy.data.cameras.new("Camera")
    data.angle = FIELD_OF_VIEW
    camera = bpy.data.objects.new("Camera", data)
    camera.location = centre + CAMERA_DIRECTION * radius / sin(FIELD_OF_VIEW / 2)  # the sphere around it just fits
    camera.rotation_euler = facing(centre - camera.location)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = True
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    scene.view_settings.view_transform = "Standard"


def matte(name: str, colour: tuple[float, float, float, float]) -> Any:
    """A rough material of one colour."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    surface = material.node_tree.nodes["Principled BSDF"]
    surface.inputs["Base Color"].default_value = colour
    surface.inputs["Roughness"].default_value = 0.8
    return material


def area_light(name: str, location: Vector, target: Vector, size: float, power: float) -> None:
    """A soft light at `location` (metres) of `power` watts, facing `target`."""
    data = bpy.data.lights.new(name, "AREA")
    data.energy = power
    data.size = size
    light = bpy.data.objects.new(name, data)
    light.location = location
    light.rotation_euler = facing(target - location)
    bpy.context.scene.collection.objects.link(light)


def facing(direction: Vector) -> Any:
    """The rotation that points a camera or light, which look along -z, into `direction`."""
    return direction.to_track_quat("-Z", "Y").to_euler()


def picture(shape: Any, image: Path, path: Path) -> None:
    """The input image, the mesh in clay and the mesh in its colours side by side, as a PNG."""
    (slot,) = shape.material_slots
    slot.link = "OBJECT"  # the colours stay on the mesh, the clay is laid over them
    slot.material = matte("Clay", CLAY)
    clay = rendered(path)
    slot.link = "DATA"
    with Image.open(image) as opened:
        shown = ImageOps.pad(ImageOps.exif_transpose(opened).convert("RGBA"), (SIDE, SIDE), color=(*PAPER, 0))
    row = Image.new("RGB", (3 * SIDE, SIDE), PAPER)
    row.paste(shown, (0, 0), shown)
    for place, part in enumerate((clay, rendered(path)), 1):
        row.paste(part, (place * SIDE, 0))
    row.save(path)


def rendered(path: Path) -> Image.Image:
    """The scene as the camera sees it, RGB; the file it is rendered to lies beside `path` for a moment."""
    file = path.with_name(f"{path.stem}.render.png")
    bpy.context.scene.render.filepath = str(file)
    bpy.ops.render.render(write_still=True)
    with Image.open(file) as opened:
        picture = opened.convert("RGB")
    file.unlink()
    return picture


if __name__ == "__main__":
    status = 1
    try:
        main({key: Path(value) for key, value in json.loads(sys.argv[1]).items()})
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # Blender's Python module sometimes hangs while it is torn down, after everything is saved.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

"""From what the user has chosen to tasks in the queue: the way of every button and script that generates."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.settings import SETTINGS
from ...flashvdm_core.api.tasks import BlockOut, Request
from ..blender.api_types import Context
from ..link.task_queue import QueueItem
from ..scene.block_out import block_out_mesh, placement_of
from ..scene.draft_object import DraftObject, remove_drafts
from ..scene.mesh_builder import Size
from ..scene.placement import Box, Placement, boxes_in, name_for
from ..scene.result_object import ResultObject
from ..scene.variants import new_row
from ..scene.worked_object import QUAD_INPUT, quads_for
from ..settings.given import absolute_model, absolute_path, value_of
from ..settings.preferences import preferences
from ..settings.properties import MACHINE, OF_SCENE, VIEW_LABELS
from .cutouts import painted as painted_for
from .session import session

_OF_DRAFT: Mapping[str, Any] = {"resolution": 64, "colours": False, "preview": False, "face_budget": 0}


def enqueue_generation(context: Context, given: Mapping[str, Any], live: bool) -> list[QueueItem]:
    """Line up one generation, or one for each variant, with nothing that moves it on yet.

    Args:
        context: Blender's: the scene, the collection, the active object.
        given: what counts in place of the scene's settings and the preferences, by the names of the properties of
            `bpy.ops.flashvdm.generate`; "location", a place in world space in the place of the 3D cursor; and "masks", which
            correct the cut-outs in place of what is painted now.
        live: previews can be seen growing.

    Raises:
        FlashVDMError: it cannot be; then nothing lines up.
    """
    end_draft()
    request, count = _request(context, given, live), int(given.get("variants", 1))
    image = Path(request.images["front"]).name
    placement = _placement(context, given, image)
    if given.get("block_out"):
        request, placement = _from_block_out(context, given, request)
    quads = quads_for(request.settings.face_budget) if value_of("topology", given, context.scene) == "QUADS" else None
    if quads is not None:
        request = replace(request, settings=request.settings | {"face_budget": quads.wanted * QUAD_INPUT})
    # Of a block-out the result takes the place: it lies over it, and the user chooses.
    taken: Callable[[], list[Box]] = list if given.get("block_out") else lambda: _taken(context)
    row = new_row(placement.beside(taken()).location) if count > 1 else None
    items = []
    for seed in _seeds(int(request.settings["seed"]), count):
        task = replace(request, settings=dict(request.settings) | {"seed": seed})
        sink = ResultObject(placement.beside(taken()), context.scene, context.collection, row, quads)
        items.append(session.enqueue(task, f"{image}, seed {seed}" if row else image, sink))
    return items


def enqueue_draft(context: Context) -> None:
    """Have a coarse mesh made of the scene's image when there is nothing else to do, in the place of the draft before.

    Raises:
        FlashVDMError: it cannot be.
    """
    last = _last_draft()
    if last is not None:
        last.cancel()
    request = replace(_request(context, _OF_DRAFT, live=False), keep_latents=False)
    placement = replace(_placement(context, {}, "Live Draft").beside(_taken(context)), name="Live Draft")
    sink = DraftObject(placement, context.scene, context.collection)
    session.enqueue_low_priority(request, Path(request.images["front"]).name, sink)


def end_draft() -> None:
    """No draft is wanted any more: that which is being made is ended, and that which is there is gone."""
    last = _last_draft()
    if last is not None:
        last.cancel()
    remove_drafts()


def _last_draft() -> QueueItem | None:
    item = session.tasks.low_priority
    return item if item is not None and isinstance(item.sink, DraftObject) else None


def _request(context: Context, given: Mapping[str, Any], live: bool) -> Request:
    images = {"front": value_of("filepath", given, context.scene, "image")}
    if not images["front"]:
        raise SettingsError("There is no image yet; choose an image file first.")
    for view in VIEW_LABELS:
        # Other views belong to the scene's image: a call that brings its own image brings its own views, too.
        name, of_scene = f"filepath_{view}", "filepath" not in given
        images[view] = value_of(name, given, context.scene, f"image_{view}") if of_scene else given.get(name, "")
    settings = {name: value_of(name, given, context.scene) for name in (*OF_SCENE, *MACHINE)}
    settings["preview"] = bool(settings["preview"]) and live
    settings["model"] = absolute_model(settings["model"])
    paths = {view: absolute_path(path) for view, path in images.items() if path}
    painted = {view: mask for view, mask in given["masks"].items() if view in paths} if "masks" in given else painted_for(paths)
    return Request(paths, settings, preferences().keep_latents, masks=painted)


def _from_block_out(context: Context, given: Mapping[str, Any], request: Request) -> tuple[Request, Placement]:
    """The request with the active object to start from, and that object's place."""
    obj = context.active_object
    if obj is None or obj.type != "MESH":
        raise SettingsError("There is no block-out; select a mesh object first.")
    mesh = block_out_mesh(obj, context.evaluated_depsgraph_get())
    start = BlockOut(mesh, value_of("strength", given, context.scene))
    return replace(request, block_out=start), placement_of(obj, mesh)


def _placement(context: Context, given: Mapping[str, Any], image: str) -> Placement:
    x, y, z = given.get("location") or context.scene.cursor.location
    place = value_of("placement", given, context.scene)
    if "location" in given:
        place = "CURSOR"
    location = {"CURSOR": (x, y, z), "FLOOR": (x, y, 0.0), "ORIGIN": (0.0, 0.0, 0.0)}[place]
    of_height = value_of("size_of", given, context.scene) == "HEIGHT"
    size = Size(value_of("size", given, context.scene), of_height)
    return Placement(name_for(image), size, location, bool(value_of("straighten", given, context.scene)))


def _seeds(first: int, count: int) -> list[int]:
    """The first seed and those behind it, from the beginning again after the largest."""
    largest = SETTINGS["seed"].maximum
    assert largest is not None
    return [(first + number) % (int(largest) + 1) for number in range(count)]


def _taken(context: Context) -> list[Box]:
    """What is filled already, or will be by those that lined up before: none is to hide another."""
    others = session.tasks.queue.sinks(ResultObject)
    lined_up = [other.placement.box for other in others if other.scene == context.scene.session_uid]
    return [*lined_up, *boxes_in(context.view_layer)]

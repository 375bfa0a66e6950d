"""The live draft: one coarse mesh that follows what is chosen, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from .conftest import Import, tick_until


def test_a_draft_takes_the_place_of_the_one_before_and_a_result_removes_it(
    worker: Callable[..., str], image: str, extension: Import
) -> None:
    worker("good")
    session, live = extension("addon.session.session").session, extension("addon.session.live")
    settings = bpy.context.scene.flashvdm
    settings.image, settings.live = image, True
    bpy.ops.mesh.primitive_cube_add()
    for seed in (1, 2):
        settings.seed = seed
        live.renew()
        assert session.tasks.low_priority.job.task.settings["seed"] == seed
        assert session.tasks.low_priority.job.task.settings["resolution"] <= 96
        tick_until(session, lambda: session.tasks.low_priority.job.over)
        assert [obj.name for obj in bpy.data.objects] == ["Cube", "Live Draft"]
        assert bpy.data.objects["Live Draft"].location.x > 2, "beside the cube"
    assert session.tasks.queue.items == [], "nobody waits for it"
    assert not bpy.context.scene.flashvdm_history.entries
    bpy.ops.flashvdm.generate()
    assert [obj.name for obj in bpy.data.objects] == ["Cube", "red chair"]


def test_a_change_ends_the_draft_under_way_and_the_switch_takes_it_away(
    worker: Callable[..., str], image: str, extension: Import
) -> None:
    worker("wait-at-decode")
    session, live = extension("addon.session.session").session, extension("addon.session.live")
    settings = bpy.context.scene.flashvdm
    settings.image, settings.live = image, True
    live.renew()
    first = session.tasks.low_priority
    tick_until(session, lambda: first.job.fraction > 0)
    settings.seed = 5
    live.renew()
    tick_until(session, lambda: first.job.over)
    assert first.job.state.name == "CANCELLED"
    settings.live = False
    live.renew()
    tick_until(session, lambda: session.tasks.low_priority.job.over)
    assert len(bpy.data.objects) == 0


def test_a_draft_that_the_artist_works_on_stays_theirs(worker: Callable[..., str], image: str, extension: Import) -> None:
    worker("good")
    session, live = extension("addon.session.session").session, extension("addon.session.live")
    settings = bpy.context.scene.flashvdm
    settings.image, settings.live = image, True
    live.renew()
    tick_until(session, lambda: session.tasks.low_priority.job.over)
    (draft,) = bpy.data.objects
    bpy.context.view_layer.objects.active = draft
    bpy.ops.object.mode_set(mode="SCULPT")
    before = draft.data
    settings.seed = 7
    live.renew()
    tick_until(session, lambda: session.tasks.low_priority.job.over)
    assert (draft.mode, draft.data) == ("SCULPT", before)
    assert len(bpy.data.objects) == 2
    bpy.ops.object.mode_set(mode="OBJECT")
    settings.live = False
    live.renew()
    assert list(bpy.data.objects) == [draft]


def test_what_the_artist_joins_into_a_draft_or_copies_of_it_is_not_lost(
    worker: Callable[..., str], image: str, extension: Import
) -> None:
    worker("good")
    session, live = extension("addon.session.session").session, extension("addon.session.live")
    settings = bpy.context.scene.flashvdm
    settings.image, settings.live = image, True
    live.renew()
    tick_until(session, lambda: session.tasks.low_priority.job.over)
    (draft,) = bpy.data.objects
    copy = draft.copy()
    copy.data = draft.data.copy()
    bpy.context.collection.objects.link(copy)
    bpy.ops.mesh.primitive_cube_add()
    draft.select_set(True)
    bpy.context.view_layer.objects.active = draft
    bpy.ops.object.join()
    for seed in (7, 8):
        settings.seed = seed
        live.renew()
        tick_until(session, lambda: session.tasks.low_priority.job.over)
    assert sorted(len(obj.data.polygons) for obj in bpy.data.objects) == [14, 14, 20]
    settings.live = False
    live.renew()
    assert sorted(len(obj.data.polygons) for obj in bpy.data.objects) == [14, 20]

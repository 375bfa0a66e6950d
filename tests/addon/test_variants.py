"""Several seeds of one image, and the choice of one, in real Blender."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import bpy
import pytest

from .conftest import Import, content, tick_until

if TYPE_CHECKING:
    from addon.session.session import Session


@pytest.fixture
def session(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Without windows Blender executes an operator even when it is asked to invoke it."""
    operator = extension("addon.ui.operators.generate").FLASHVDM_OT_generate
    monkeypatch.setattr(operator, "execute", lambda self, context: self.invoke(context, None))
    return extension("addon.session.session").session


def variants() -> dict[int, bpy.types.Object]:
    return {obj.flashvdm.seed: obj for obj in bpy.data.objects if obj.flashvdm.settings}


def choose(obj: bpy.types.Object) -> None:
    bpy.context.view_layer.objects.active = obj
    assert bpy.ops.flashvdm.keep_variant() == {"FINISHED"}
    bpy.ops.ed.undo_push(message="Keep This One")  # scripts do not push the step that a button does


def test_variants_stand_in_a_row_and_the_chosen_one_takes_its_place(
    worker: Callable[..., str], image: str, session: Session
) -> None:
    worker("good")
    bpy.context.scene.cursor.location = (5, 6, 0)
    settings = bpy.context.scene.flashvdm
    settings.image, settings.seed, settings.size = image, 2**31 - 2, 2.0
    assert bpy.ops.flashvdm.generate_variants(count=3) == {"FINISHED"}
    assert len(session.tasks.queue.items) == 3
    tick_until(session, lambda: not session.tasks.generating)
    row = variants()
    assert list(row) == [2**31 - 2, 2**31 - 1, 0], "after the largest seed comes the first"
    places = [tuple(obj.location) for obj in row.values()]
    assert places == [pytest.approx((5 + 2.4 * number, 6, 0)) for number in range(3)]
    before = content()
    choose(row[2**31 - 1])
    assert list(variants()) == [2**31 - 1]
    kept = variants()[2**31 - 1]
    assert tuple(kept.location) == (5, 6, 0)
    assert len(bpy.data.meshes) == 1
    assert not bpy.ops.flashvdm.keep_variant.poll(), "it is not one of several any more"
    bpy.ops.ed.undo()
    assert content() == before, "one step brings the others back"


def test_a_choice_before_all_are_there_takes_the_others_out_of_the_queue(
    worker: Callable[..., str], image: str, session: Session
) -> None:
    worker("good")
    bpy.context.scene.flashvdm.image = image
    bpy.ops.flashvdm.generate_variants(count=3)
    bpy.context.scene.cursor.location = (0, 9, 0)
    bpy.ops.flashvdm.generate(filepath=image, seed=77)
    tick_until(session, lambda: bool(variants()))
    choose(variants()[0])
    tick_until(session, lambda: not session.tasks.generating)
    assert sorted(variants()) == [0, 77]


def test_a_script_gets_all_variants(worker: Callable[..., str], image: str, extension: Import) -> None:
    worker("good")
    assert bpy.ops.flashvdm.generate(filepath=image, seed=4, variants=2) == {"FINISHED"}
    assert sorted(variants()) == [4, 5]

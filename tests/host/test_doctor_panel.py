"""What the panels of the doctor and the batch show, drawn on the host mock."""

from __future__ import annotations

from .conftest import Blender, Import


def labels(shown: list[tuple[str, str]]) -> list[str]:
    return [text for what, text in shown if what == "label"]


def test_the_doctor_shows_the_trouble_first_with_its_remedy(blender: Blender, extension: Import) -> None:
    findings = extension("flashvdm_core.doctor.findings")
    state = blender.session.doctor
    assert ("operator", "flashvdm.doctor") in blender.drawn("FLASHVDM_PT_doctor")
    assert labels(blender.drawn("FLASHVDM_PT_doctor")) == []
    state.findings = [
        findings.ok("Blender", "4.2"),
        findings.warning("Memory", "there is little of it", "Close something."),
        findings.error("PyTorch", "is not installed", "Install it."),
    ]
    shown = labels(blender.drawn("FLASHVDM_PT_doctor"))
    assert shown == [
        "PyTorch: is not installed",
        "Install it.",
        "Memory: there is little of it",
        "Close something.",
        "OK: Blender",
    ]
    blender.preferences.draw(blender.host.context)
    assert set(shown) <= set(labels(blender.preferences.layout.drawn)), "the same in the preferences"


def test_the_batch_shows_how_far_it_is_and_how_it_ended(blender: Blender) -> None:
    state = blender.session.batch
    assert ("operator", "flashvdm.batch") in blender.drawn("FLASHVDM_PT_batch")
    state._process, state.items = object(), 4
    state.counts.update(made=2, failed=1)
    shown = blender.drawn("FLASHVDM_PT_batch")
    assert dict(shown)["progress"] == "3 of 4, 1 failed"
    assert ("operator", "flashvdm.batch_cancel") in shown
    assert ("operator", "flashvdm.batch") not in shown
    state._process, state.end, state.status = None, "3 made, 0 kept, 1 failed in 9 s", 1
    assert "3 made, 0 kept, 1 failed in 9 s" in " ".join(labels(blender.drawn("FLASHVDM_PT_batch")))

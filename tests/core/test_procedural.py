"""Procedural training shapes: closed, connected, reproducible, and readable as a packed mesh file."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from flashvdm_core.lab.data.meshes import PackedMeshes
from flashvdm_core.lab.data.procedural import primitives
from flashvdm_core.lab.data.procedural.deform import normalised, varied
from flashvdm_core.lab.data.procedural.families import FAMILIES, GROUPS
from flashvdm_core.lab.data.procedural.generate import TRIANGLES, fault, generate, is_connected, main
from flashvdm_core.lab.data.procedural.mesh import Part, bounds_of
from flashvdm_core.lab.data.procedural.outlines import gear, heart, star, triangulate

SOLIDS = {
    "box": (primitives.box(2, 3, 4), 24.0),
    "bevelled box": (primitives.box(1, 1, 1, bevel=1e-4), 1.0),
    "cylinder": (primitives.cylinder(1, 2, 200), 2 * np.pi),
    "cone": (primitives.cylinder(1, 3, 200, top=0), np.pi),
    "sphere": (primitives.sphere(1, 100), 4 / 3 * np.pi),
    "icosphere": (primitives.icosphere(1, 4), 4 / 3 * np.pi),
    "torus": (primitives.torus(2, 0.5, 100, 60), 2 * np.pi**2 * 2 * 0.25),
    "capsule": (primitives.capsule(1, 4, 60), 2 * np.pi + 4 / 3 * np.pi),
    "ring": (primitives.extrude(star(4, 1.0) * 2, 1, hole=star(4, 1.0)), 6 * 2**0.5),
    "roof": (primitives.gable_roof(2, 1, 2), 2.0),
    "wedge": (primitives.wedge(2, 1, 2), 2.0),
    "stairs": (primitives.stairs(1, 1, 1, 2), 0.75),
    "hollow": (primitives.lathe([(0, 0), (2, 0), (2, 3), (1, 3), (1, 1), (0, 1)], 200), np.pi * (12 - 2)),
}


def family_parts(name: str, seed: int) -> list[Part]:
    return FAMILIES[name](np.random.default_rng([zlib.crc32(name.encode()), seed]))


@pytest.mark.parametrize("name", SOLIDS)
def test_primitives_are_closed_and_have_their_volume(name: str) -> None:
    part, volume = SOLIDS[name]
    assert part.is_closed()
    assert part.volume() == pytest.approx(volume, rel=0.03)


@pytest.mark.parametrize("outline", [star(5, 0.4), gear(8, 0.7), heart()], ids=["star", "gear", "heart"])
def test_polygons_are_covered_once(outline: np.ndarray) -> None:
    a, b, c = outline[triangulate(outline)].transpose(1, 0, 2)
    areas = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    x, y = outline.T
    assert (areas > 0).all()
    assert areas.sum() == pytest.approx((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def test_a_cut_keeps_a_solid_closed() -> None:
    part = primitives.torus(1, 0.3).cut("x", 0.2).cut("y", -0.1).cut("z", 0.0)
    assert part.is_closed()
    assert part.volume() == pytest.approx(primitives.torus(1, 0.3).volume())
    banded = primitives.box(1, 1, 1).banded("y", [0.5], [(255, 0, 0), (0, 0, 255)])
    red = (banded.rgb == (255, 0, 0)).all(1)
    assert (banded.centroids()[red, 1] < 0.5).all()
    assert (banded.centroids()[~red, 1] > 0.5).all()


def test_mirroring_keeps_faces_outward() -> None:
    part = primitives.cylinder(1, 1).moved(2)
    assert part.mirrored("x").volume() == pytest.approx(part.volume())
    assert part.mirrored("x").is_closed()


def test_parts_that_float_are_seen() -> None:
    box = primitives.box(1, 1, 1)
    assert is_connected([box, box.moved(1.0), box.moved(2.0)])
    assert not is_connected([box, box.moved(1.2)])
    assert fault(normalised([box, box.moved(1.2)])) == "parts that do not touch"


@pytest.mark.parametrize("group", GROUPS)
def test_families_give_closed_solids_that_touch(group: str) -> None:
    for family in GROUPS[group]:
        loose = 0
        for seed in range(3):
            parts = family_parts(family.__name__, seed)
            where = f"{family.__name__}, seed {seed}"
            assert all(part.is_closed() for part in parts), where
            assert all(part.volume() > 0 for part in parts), where
            assert all(part.rgb.shape == part.faces.shape and part.rgb.dtype == np.uint8 for part in parts), where
            parts = normalised(parts)
            assert np.abs(bounds_of(parts)).max() == pytest.approx(1.0), where
            loose += fault(parts) is not None
        assert loose <= 1, family.__name__  # `generate` draws again


def test_variation_keeps_solids_closed_and_inside() -> None:
    for seed in range(40):
        parts = varied(np.random.default_rng(seed), family_parts("chair", seed % 4))
        assert all(part.is_closed() and part.volume() > 0 for part in parts)
        assert np.abs(bounds_of(parts)).max() == pytest.approx(1.0)


def test_a_shape_depends_on_seed_and_index_alone() -> None:
    one, other = generate(3, 7), generate(3, 7)
    assert one.name == other.name
    assert np.array_equal(one.vertices, other.vertices)
    assert np.array_equal(one.face_rgb, other.face_rgb)
    assert not np.array_equal(one.vertices, generate(4, 7, one.family).vertices)
    assert generate(3, 7, "teapot").family == "teapot"


def test_the_command_writes_a_packed_file(tmp_path: Path) -> None:
    path = tmp_path / "made" / "procedural.npz"
    assert main(["--count", "30", "--seed", "5", "--out", str(path)]) == 0
    props = PackedMeshes(path)
    assert len(props) == 30
    assert sorted(file.name for file in path.parent.iterdir()) == ["procedural.json", "procedural.npz"]
    for index, prop in enumerate(props):
        model = generate(5, index)
        assert prop.fault() is None
        assert prop.split == "train"
        assert prop.name == model.name
        assert TRIANGLES[0] <= len(prop.faces) <= TRIANGLES[1]
        assert np.abs(prop.vertices).max() == pytest.approx(1.0, abs=1e-4)
        assert np.array_equal(prop.faces, model.faces)

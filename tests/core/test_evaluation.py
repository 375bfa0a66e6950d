"""Measurements of a tiny model on packed props, from the command line to the tables and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file

pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

from flashvdm_core.api.errors import SettingsError
from flashvdm_core.encoding import encoder_input
from flashvdm_core.lab.evaluation import metrics
from flashvdm_core.lab.evaluation.__main__ import main
from flashvdm_core.lab.evaluation.decoders import decode, load_decoders
from flashvdm_core.lab.evaluation.held_out import encoded, select
from flashvdm_core.lab.evaluation.holes import VARIANTS
from flashvdm_core.lab.evaluation.locality import attention_weights
from flashvdm_core.lab.evaluation.occupancy import closed_occupancy
from flashvdm_core.lab.evaluation.report import render_table
from flashvdm_core.lab.pages import renew_tables

from .test_training_data import pack
from .tiny_model import tiny_config, tiny_state, write_tiny_model
from .training_shapes import box, sphere

CPU = torch.device("cpu")
ENCODER = {"pc_size": 96, "pc_sharpedge_size": 48, "downsample_ratio": 4, "point_feats": 4}
SPLITS = [0, 1, 1, 2, 1, 1]


@pytest.fixture(scope="module", autouse=True)
def small_clouds() -> Iterator[None]:
    """An eighth of the samples for distances between surfaces: most of the time goes into them, and no test asks how near."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "CLOUD_POINTS", 2048)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shapes = [box(), sphere(0.8, 8), box((0.2, 0.5, 0.4)), sphere(0.5, 6), box((0.5, 0.4, 0.3)), box((0.5, 0.2, 0.3))]
    return pack(tmp_path_factory.mktemp("data") / "shapes.npz", shapes, SPLITS)


def write_base(folder: Path, with_encoder: bool = False) -> None:
    """A stand-alone VAE of other weights and a wide point decoder in `folder`/base."""
    config = tiny_config(vae=ENCODER | {"geo_decoder_mlp_expand_ratio": 4})
    weights = tiny_state(config, seed=1, with_encoder=with_encoder)
    (folder / "base").mkdir()
    save_file(
        {name[4:]: value for name, value in weights.items() if name.startswith("vae.")}, folder / "base" / "model.safetensors"
    )
    (folder / "base" / "config.yaml").write_text(yaml.safe_dump(config["vae"]), encoding="utf-8")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = tiny_config(vae=ENCODER | {"geo_decoder_mlp_expand_ratio": 1})
    folder = write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", config, with_encoder=True)
    write_base(folder)
    return folder


def run(command: str, data: Path, model: Path | str, out: Path, *more: Any) -> dict[str, Any]:
    """One measurement by its command line; the result."""
    arguments = [command, "--data", data, "--model", model, "--json", out, "--points", 3000, "--device", "cpu", *more]
    assert main(list(map(str, arguments))) == 0
    return json.loads(out.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the results that several tests read."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def reconstruction(data: Path, model: Path, results: Path) -> dict[str, Any]:
    return run("reconstruction", data, model, results / "reconstruction.json", "--resolution", 96, "--count", 1)


@pytest.fixture(scope="module")
def locality(data: Path, model: Path, results: Path) -> dict[str, Any]:
    options = ("--resolution", 40, "--count", 2, "--topk", 4, 100, "--pictures", results / "holes.png")
    return run("locality", data, model, results / "locality.json", *options)


@pytest.fixture(scope="module")
def generation(data: Path, model: Path, results: Path) -> dict[str, Any]:
    options = ("--resolution", 40, "--count", 2, "--steps", 1, 2, "--pictures", results / "generation.png", "--shown", 1)
    return run("generation", data, model, results / "generation.json", *options)


def without_seconds(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not key.startswith("seconds")}


def test_reconstruction_has_the_rows_of_the_paper_in_their_order(reconstruction: dict[str, Any]) -> None:
    names = ["base decoder, dense", "+ hierarchical decoding", "+ efficient decoder", "+ adaptive KV selection"]
    assert [row["name"] for row in reconstruction["rows"]] == names
    for row in reconstruction["rows"]:
        assert row.keys() >= {"v_iou", "s_iou", "queries", "seconds", "chamfer", "f_score"}
        assert 0 < row["v_iou"] < 1
        assert row["seconds"] > 0
    assert reconstruction["rows"][0]["queries"] == 97**3
    assert reconstruction["rows"][1]["queries"] < 97**3
    assert reconstruction["topk"] == 12 // 3


def test_a_result_says_what_was_measured_and_no_path_of_the_machine(
    reconstruction: dict[str, Any], results: Path, data: Path
) -> None:
    text = (results / "reconstruction.json").read_text(encoding="utf-8")
    assert str(data.parent) not in text
    measured = json.loads(text)["measured"]
    assert measured["data"] == "shapes.npz"
    assert (measured["split"], measured["props"], measured["points"], measured["model"]) == ("val", 1, 3000, "tiny")
    assert "3,000 points" in measured["definitions"]["v_iou"]
    assert "1.92" in measured["definitions"]["units"]


def test_the_hierarchical_surface_is_the_dense_one(reconstruction: dict[str, Any]) -> None:
    same, (dense, hierarchical) = reconstruction["same_surface"], reconstruction["rows"][:2]
    assert same["iou"] == 1.0
    assert same["dense_vertices"] == same["hierarchical_vertices"] > 0
    assert same["farthest_cells"] < 0.01
    assert same["vertices_off_by_a_cell"] == 0
    assert (hierarchical["v_iou"], hierarchical["s_iou"]) == (dense["v_iou"], dense["s_iou"])


def test_the_surface_scores_as_the_logits_at_the_same_points_do(reconstruction: dict[str, Any]) -> None:
    exact = {row["name"]: row for row in reconstruction["decoders"]}
    assert list(exact) == ["base decoder", "efficient decoder"]
    for row, name in zip(reconstruction["rows"][:3], ["base decoder", "base decoder", "efficient decoder"], strict=True):
        assert row["v_iou"] == pytest.approx(exact[name]["v_iou"], abs=0.01)
        assert row["s_iou"] == pytest.approx(exact[name]["s_iou"], abs=0.01)


def test_a_measurement_gives_the_same_numbers_again_and_others_for_another_seed(data: Path, model: Path, tmp_path: Path) -> None:
    for command in ("reconstruction", "generation"):
        seeds = (1, 1, 2)
        results = [run(command, data, model, tmp_path / "out.json", "--resolution", 24, "--count", 1, "--seed", s) for s in seeds]
        first, again, other = ([without_seconds(row) for row in result["rows"]] for result in results)
        assert first == again
        assert first != other


def test_without_a_base_decoder_the_own_one_stands_in(
    data: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "alone"
    folder.mkdir()
    for name in ("config.yaml", "model.safetensors"):
        (folder / name).write_bytes((model / name).read_bytes())
    result = run("reconstruction", data, folder, tmp_path / "out.json", "--resolution", 24, "--count", 1)
    assert result["base_decoder"] is False
    assert result["rows"][0]["name"] == "own decoder, dense"
    assert without_seconds(result["rows"][1])["v_iou"] == result["rows"][2]["v_iou"]
    assert "came without a base decoder" in capsys.readouterr().out


def test_the_encoder_may_come_with_the_base_decoder(
    model: Path, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.yaml").write_bytes((model / "config.yaml").read_bytes())
    weights = load_file(model / "model.safetensors")
    bare = {name: value for name, value in weights.items() if not name.startswith(("vae.encoder.", "vae.pre_kl."))}
    save_file(bare, folder / "model.safetensors")
    arguments = ["reconstruction", "--data", str(data), "--model", str(folder), "--json", str(tmp_path / "out.json")]
    assert main(arguments) == 1
    assert "encoder" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
    write_base(folder, with_encoder=True)
    decoders = load_decoders(folder, CPU, torch.float32)
    assert decoders.encoder.encoder is not None
    assert decoders.base is not None
    assert torch.equal(decoders.base.post_kl.weight, decoders.encoder.post_kl.weight)


def test_a_shape_is_encoded_by_its_surface_and_its_edges(data: Path, model: Path) -> None:
    vae = load_decoders(model, CPU, torch.float32).encoder
    selected = select(data, "val", 0, 0)
    cube = next(prop for prop in selected if prop.index == 4)
    points = encoder_input(vae.spec, cube.vertices, cube.faces, cube.surface, selected.rng(4)).data
    assert points.shape == (1, 48, 7)
    assert points[0, :, 6].tolist() == [0.0] * 32 + [1.0] * 16
    half = cube.vertices.amax(0)
    on_sides = ((points[0, :, :3].abs() - half).abs() < 1e-4).sum(1)
    assert (on_sides >= 1).all()
    assert (on_sides[32:] >= 2).all()
    assert points[0, :, 3:6].norm(dim=1).allclose(torch.tensor(1.0), atol=1e-4)
    latents = [encoded(vae, prop, selected.rng(prop.index)) for prop in selected]
    assert latents[0].shape == (1, 12, 4)
    assert not torch.equal(latents[0], latents[1])
    assert torch.equal(latents[1], encoded(vae, list(selected)[1], selected.rng(selected.indices[1])))


def test_more_props_keep_those_of_a_smaller_count(data: Path) -> None:
    drawn = [set(select(data, "val", count, 5).indices) for count in (1, 2, 3, 0)]
    assert drawn[0] < drawn[1] < drawn[2] < drawn[3] == {1, 2, 4, 5}
    assert any(select(data, "val", 2, seed).indices != select(data, "val", 2, 5).indices for seed in range(6))


def test_the_split_is_val_or_what_the_file_has(data: Path, tmp_path: Path) -> None:
    assert select(data, "", 0, 0).split == "val"
    assert select(pack(tmp_path / "test.npz", [box(), sphere()], [0, 2]), "", 0, 0).indices == (1,)
    everything = select(pack(tmp_path / "train.npz", [box(), sphere()], [0, 0]), "", 0, 0)
    assert (everything.split, everything.indices) == ("all", (0, 1))
    with pytest.raises(SettingsError, match="split 'test'; it has train"):
        select(tmp_path / "train.npz", "test", 0, 0)


def test_props_that_cannot_be_measured_are_left_out_and_named(tmp_path: Path) -> None:
    vertices, faces = box()
    path = pack(tmp_path / "some.npz", [(vertices, faces), (vertices, faces + 4)], [1, 1])
    selected = select(path, "val", 0, 0)
    assert selected.indices == (0,)
    assert selected.left_out == {"1 shape 1": "faces that name missing vertices"}
    with pytest.raises(SettingsError, match="can be measured"):
        select(pack(tmp_path / "bad.npz", [(vertices, faces + 4)], [1]), "val", 0, 0)


def test_generation_has_a_row_for_each_number_of_steps(generation: dict[str, Any], results: Path) -> None:
    assert [(row["name"], row["steps"]) for row in generation["rows"]] == [("tiny, 1 step", 1), ("tiny, 2 steps", 2)]
    for row in generation["rows"]:
        wanted = {"iou", "f_score", "silhouette_iou", "closed", "seconds", "slabs", "failed", "chamfer", "iou_error"}
        assert row.keys() >= wanted
        assert 0 < row["iou"] < 1
        assert 0 < row["silhouette_iou"] <= 1
        assert row["closed"] == 1.0
        assert row["slabs"] == row["failed"] == 0.0
        assert row["guidance"] == 3.0
    with Image.open(results / "generation.png") as picture:
        assert picture.size[0] == 4 * (picture.size[1] - 32)


def test_the_models_own_steps_are_the_default(data: Path, model: Path, tmp_path: Path) -> None:
    result = run("generation", data, model, tmp_path / "out.json", "--resolution", 24, "--count", 1)
    assert [row["steps"] for row in result["rows"]] == [3]


def test_a_shape_without_a_surface_counts_as_nothing(data: Path, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "config.yaml").write_bytes((model / "config.yaml").read_bytes())
    weights = load_file(model / "model.safetensors")
    weights["vae.geo_decoder.output_proj.bias"] = torch.tensor([-50.0])
    save_file(weights, folder / "model.safetensors")
    options = ("--resolution", 24, "--count", 2)
    generated = run("generation", data, folder, tmp_path / "g.json", *options)
    (row,) = generated["rows"]
    assert [row[key] for key in ("iou", "f_score", "silhouette_iou", "closed", "failed")] == [0, 0, 0, 0, 1]
    assert sum(generated["failures"].values()) == 2
    reconstructed = run("reconstruction", data, folder, tmp_path / "r.json", *options)
    assert [row["v_iou"] for row in reconstructed["rows"]] == [0, 0, 0, 0]


def test_a_scorer_of_the_users_adds_its_numbers(
    data: Path, model: Path, tmp_path: Path, import_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "def score(image, mesh):\n    assert image.shape[2] == 4\n    return {'uni3d_i': len(mesh.faces) * 0 + 0.25}\n"
    (import_folder / "my_scorer.py").write_text(code)
    options = ("--resolution", 24, "--count", 1, "--scorer")
    result = run("generation", data, model, tmp_path / "out.json", *options, "my_scorer:score")
    assert result["rows"][0]["uni3d_i"] == 0.25
    arguments = ["generation", "--data", str(data), "--model", str(model), "--json", str(tmp_path / "no.json")]
    for wrong in ("my_scorer:absent", "no_such_module:score", "my_scorer"):
        assert main([*arguments, "--count", "1", "--scorer", wrong]) == 1
        assert wrong in capsys.readouterr().err


def test_locality_has_its_tables_and_all_tokens_lose_nothing(locality: dict[str, Any], data: Path, model: Path) -> None:
    assert [(row["name"], row["cells"]) for row in locality["rows"]] == [
        (name, cells) for name in ("base decoder", "efficient decoder") for cells in (4, 16)
    ]
    for row in locality["rows"]:
        assert 1 <= row["single_query"] <= row["tokens"] == 12
        assert row["single_query"] <= row["whole_case"]
        assert row["activated"] <= row["whole_case"] <= 12
    assert [row["name"] for row in locality["holes"]] == list(VARIANTS)
    whole = [row for row in locality["top_k"] if row["topk"] == 12]
    assert len(whole) == 4
    decoders, selected = load_decoders(model, CPU, torch.float32), select(data, "val", 2, 0)
    scores = []
    for prop in selected:
        shape = decode(decoders.own, encoded(decoders.encoder, prop, selected.rng(prop.index)), "hierarchical", 40)
        assert shape.mesh is not None
        truth = prop.truth(3000)
        scores.append(truth.ious(closed_occupancy(shape.mesh, truth.points))[0])
    assert whole[-1]["v_iou"] == pytest.approx(np.mean(scores), abs=1e-9)


def test_regions_are_counted_by_the_histograms(locality: dict[str, Any]) -> None:
    for row in locality["rows"]:
        histogram = locality["histograms"][f"{row['name']}, {row['cells']}³"]
        assert sum(histogram["regions"]) == row["regions"]
        assert sum(histogram["cases"]) == 2
        mean = np.average(np.arange(13), weights=histogram["regions"])
        assert mean == pytest.approx(row["activated"])


def test_attention_is_what_the_point_decoder_computes(model: Path) -> None:
    vae = load_decoders(model, CPU, torch.float32).own
    latents = torch.randn(1, 12, 4, generator=torch.Generator().manual_seed(0))
    kv = vae.geo_decoder.keys_values(vae.decode(latents))
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(1)) - 0.5
    weights = attention_weights(vae.geo_decoder, kv, points)
    assert weights.sum(1).allclose(torch.ones(50), atol=1e-5)
    hidden = vae.geo_decoder.embed(points[None])
    queries = vae.geo_decoder.queries(hidden)
    # Where token i has the value e_i, the answer of the attention is the weights themselves.
    single = torch.nn.functional.scaled_dot_product_attention(queries, kv.k, torch.eye(12).expand(1, 2, 12, 12))
    assert weights.allclose(single[0].mean(0), atol=1e-5)


def test_marked_tables_are_made_anew_and_the_rest_is_kept(
    reconstruction: dict[str, Any], locality: dict[str, Any], results: Path
) -> None:
    document = results / "results.md"
    text = "# Results\n\n<!-- table reconstruction.json -->\nold\n<!-- end of table -->\nbetween\n"
    text += "<!-- table locality.json#holes -->\n<!-- end of table -->\nend\n"
    document.write_text(text, encoding="utf-8")
    assert main(["tables", str(document)]) == 0
    new = document.read_text(encoding="utf-8")
    assert "old" not in new
    assert new.startswith("# Results\n\n<!-- table reconstruction.json -->\n")
    assert new.endswith("<!-- end of table -->\nend\n")
    row = reconstruction["rows"][3]
    assert any(
        line.startswith("| + adaptive KV selection")
        and f"{100 * row['v_iou']:.2f} %" in line
        and f"{row['queries']:,.0f}" in line
        for line in new.splitlines()
    )
    assert "| without both" in new
    assert "1 prop of the split val of shapes.npz" in new
    assert renew_tables(new, results, render_table) == new


@pytest.mark.parametrize(("mark", "words"), [("absent.json", "no file"), ("reconstruction.json#holes", "no table 'holes'")])
def test_a_table_without_its_numbers_is_an_error_and_leaves_the_document(
    reconstruction: dict[str, Any], results: Path, mark: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = results / "missing.md"
    document.write_text(f"<!-- table {mark} -->\n<!-- end of table -->\n", encoding="utf-8")
    assert main(["tables", str(document)]) == 1
    assert words in capsys.readouterr().err
    assert document.read_text(encoding="utf-8").count("|") == 0


def test_figures_are_drawn_from_the_results_alike_each_time(
    reconstruction: dict[str, Any], generation: dict[str, Any], locality: dict[str, Any], results: Path, tmp_path: Path
) -> None:
    files = [str(results / f"{name}.json") for name in ("reconstruction", "generation", "locality")]
    for folder in ("first", "second"):
        assert main(["figures", *files, "--out", str(tmp_path / folder)]) == 0
    drawn = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    assert drawn.keys() == {
        "reconstruction_steps.png",
        "generation_steps.png",
        *(f"locality_{name}.png" for name in ("activated", "whole_case", "same_region", "example", "top_k")),
    }
    assert drawn == {path.name: path.read_bytes() for path in (tmp_path / "second").iterdir()}


def test_training_runs_become_tables_and_plots(tmp_path: Path) -> None:
    validations = {
        "vae": "step,seconds,v_iou,s_iou,latent_std\n1,1,0.1,0.1,1\n2,2,0.8,0.6,1\n",
        "teacher": "step,seconds,w2_24_steps,w3_24_steps,w2_5_steps\n9,1,0.2,0.25,0.15\n",
        "adversarial": "step,seconds,w3_1_steps,w3_5_steps\n4,1,0.21,0.24\n",
    }
    for stage, text in validations.items():
        (tmp_path / "runs" / stage).mkdir(parents=True)
        (tmp_path / "runs" / stage / "validation.csv").write_text(text, encoding="utf-8")
        (tmp_path / "runs" / stage / "log.csv").write_text("step,seconds,loss\n1,1,2.0\n2,2,-0.5\n", encoding="utf-8")
    marks = [f"<!-- table runs#{part} -->\n<!-- end of table -->\n" for part in ("reconstruction", "generation")]
    first, second = (renew_tables(mark, tmp_path, render_table) for mark in marks)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in (first + second).splitlines() if line.startswith("| ")]
    assert cells == [
        ["", "V-IoU", "S-IoU"],
        ["vae", "80.00 %", "60.00 %"],
        ["", "1 step", "5 steps", "24 steps"],
        ["teacher, scale 2", "–", "15.00 %", "20.00 %"],
        ["teacher, scale 3", "–", "–", "25.00 %"],
        ["adversarial, scale 3", "21.00 %", "24.00 %", "–"],
    ]
    assert main(["figures", str(tmp_path / "runs"), "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.glob("*.png")} == {"runs_losses.png", "runs_steps.png"}


def test_variants_are_compared_shape_by_shape(tmp_path: Path) -> None:
    values = {
        "teacher": "w3_5_steps,w3_50_steps\n0.1,0.2\n0.3,0.6\n",
        "one_phase": "w3_5_steps\n0.1\n0.5\n",
        "adversarial": "w3_1_steps,w3_5_steps\n0.1,0.2\n0.5,0.6\n",
        "adversarial-squared": "w3_1_steps,w3_5_steps\n0.2,0.1\n0.6,0.4\n",
    }
    for run, text in values.items():
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "validation_shapes.csv").write_text(text, encoding="utf-8")
    made = renew_tables("<!-- table runs#differences -->\n<!-- end of table -->\n", tmp_path, render_table)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in made.splitlines() if line.startswith("| ")]
    assert cells == [
        ["", "1 step", "5 steps"],
        ["teacher against teacher in 50 steps", "–", "-20.00 ± 10.00"],
        ["one_phase against teacher in 50 steps", "–", "-10.00 ± 0.00"],
        ["adversarial against teacher in 50 steps", "-10.00 ± 0.00", "+0.00 ± 0.00"],
        ["adversarial against one_phase", "–", "+10.00 ± 0.00"],
        ["adversarial-squared against adversarial", "+10.00 ± 0.00", "-15.00 ± 5.00"],
    ]
    (tmp_path / "runs" / "adversarial-squared" / "validation_shapes.csv").write_text("w3_1_steps\n0.2\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="different shapes"):
        renew_tables("<!-- table runs#differences -->\n<!-- end of table -->\n", tmp_path, render_table)


def test_a_folder_without_runs_has_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").mkdir()
    document = tmp_path / "results.md"
    document.write_text("<!-- table runs#generation -->\n<!-- end of table -->\n", encoding="utf-8")
    assert main(["tables", str(document)]) == 1
    assert "no stages with validation.csv" in capsys.readouterr().err


def test_what_cannot_work_is_said_before_anything_is_computed(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["generation", "--data", str(data), "--model", str(tmp_path / "absent")]
    assert main([*arguments, "--json", str(tmp_path / "no" / "out.json")]) == 1
    assert "There is no folder" in capsys.readouterr().err
    assert main([*arguments, "--json", str(tmp_path / "out.json"), "--count", "1"]) == 1
    assert "There is no checkpoint folder" in capsys.readouterr().err
    assert main([*arguments, "--json", str(tmp_path / "out.json"), "--resolution", "7"]) == 1
    assert "resolution" in capsys.readouterr().err
    with pytest.raises(SystemExit) as wrong:
        main([*arguments, "--json", str(tmp_path / "out.json"), "--points", "0"])
    assert wrong.value.code == 2
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_graphics_card_measures_what_the_cpu_does(
    reconstruction: dict[str, Any], data: Path, model: Path, tmp_path: Path
) -> None:
    arguments = ["reconstruction", "--data", data, "--model", model, "--json", tmp_path / "out.json", "--points", 3000]
    arguments += ["--device", "cuda", "--precision", "float32", "--resolution", 96, "--count", 1]
    assert main(list(map(str, arguments))) == 0
    rows = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["rows"]
    for row, expected in zip(rows, reconstruction["rows"], strict=True):
        assert row["v_iou"] == pytest.approx(expected["v_iou"], abs=0.005)
        assert row["s_iou"] == pytest.approx(expected["s_iou"], abs=0.005)

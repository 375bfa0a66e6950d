"""The event stream of a generation, on a tiny model: what a caller can rely on."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from flashvdm_core.api.errors import DeviceError
from flashvdm_core.api.events import CutOut, Event, Failure, Finished, Log, Preview, Progress, Result, Stage
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.tasks import Blend, CutOutOnly, DecodeLatents, Request, Task, stages_of
from flashvdm_core.models.conditioner import SingleImageEncoder
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.runtime.devices import choose_device, choose_dtype

from .nearness import near
from .tiny_model import multi_view_config, tiny_config, write_disc_image, write_tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipeline")
    write_tiny_model(folder / "tiny")
    write_disc_image(folder / "disc.png")
    return folder


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


def request(folder: Path, *, keep_latents: bool = False, views: tuple[str, ...] = ("front",), **settings: Any) -> Request:
    """A small generation. Without colours, which take many times longer than such a mesh and have tests of their own."""
    values = {"model": str(folder / "tiny"), "resolution": 24, "device": "cpu", "preview": False, "colours": False} | settings
    return Request({view: str(folder / "disc.png") for view in views}, values, keep_latents)


def result_of(events: Iterable[Event]) -> Result:
    *_, last = events
    assert isinstance(last, Result), last
    return last


def failure_of(events: Iterable[Event]) -> Failure:
    *_, last = events
    assert isinstance(last, Failure), last
    return last


def identical(a: TriangleMesh, b: TriangleMesh) -> bool:
    return a.vertices.tobytes() == b.vertices.tobytes() and a.faces.tobytes() == b.faces.tobytes()


@pytest.fixture(scope="module")
def events(pipeline: Pipeline, folder: Path) -> list[Event]:
    """All events of one generation of two levels, with previews."""
    return list(pipeline.generate(request(folder, seed=7, preview=True, resolution=126, decoder="hierarchical", colours=True)))


def test_the_stream_of_a_generation(events: list[Event]) -> None:
    assert isinstance(events[-1], Result)
    assert not any(isinstance(event, Result | Failure) for event in events[:-1])
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] <= 1.0
    decoding = {event.fraction for event in events if isinstance(event, Progress) and event.stage is Stage.DECODE}
    assert len(decoding) > 10, "the bar moves within a level, too"
    stages = [stage for stage, _ in itertools.groupby(event.stage for event in events if isinstance(event, Progress))]
    assert stages == list(Stage)
    cutouts = [event for event in events if isinstance(event, CutOut)]
    assert [(cutout.view, cutout.rgba.shape, cutout.rgba.dtype) for cutout in cutouts] == [("front", (64, 64, 4), np.uint8)]
    assert {event.stage for event in events if isinstance(event, Preview)} == {Stage.SAMPLE, Stage.DECODE}


def test_every_task_runs_through_the_stages_that_the_contract_says_it_has(pipeline: Pipeline, folder: Path) -> None:
    images, settings = request(folder).images, request(folder, colours=True).settings
    latents, picture = np.zeros((12, 4)), np.full((8, 8, 4), 255, np.uint8)
    plain = settings | {"colours": False}
    tasks: list[tuple[Task, str]] = [
        (Request(images, settings), "load preprocess condition sample decode extract texture"),
        (Request(images, plain), "load preprocess condition sample decode extract"),
        (DecodeLatents(latents, settings, picture), "load decode extract texture"),
        (DecodeLatents(latents, plain, picture), "load decode extract"),
        (DecodeLatents(latents, settings), "load decode extract"),
        (Blend(latents, latents, 0.5, settings), "load decode extract"),
        (CutOutOnly(images, settings), "preprocess"),
    ]
    for task, expected in tasks:
        assert " ".join(stages_of(task)) == expected
        *events, last = pipeline.generate(task)
        entered = [stage for stage, _ in itertools.groupby(event.stage for event in events if isinstance(event, Progress))]
        assert tuple(entered) == stages_of(task)
        if isinstance(last, Result):
            assert tuple(last.seconds) == stages_of(task), "each stage has a clock of its own"


def test_the_picture_of_the_cutout_is_small_and_its_edges_keep_the_colour_of_the_object(
    pipeline: Pipeline, folder: Path, tmp_path: Path
) -> None:
    rgba = np.zeros((600, 1500, 4), np.uint8)
    rgba[...] = (0, 0, 255, 0)  # what is transparent may have any colour
    rgba[100:501, 200:1301] = (220, 120, 40, 255)
    Image.fromarray(rgba).save(tmp_path / "wide.png")
    wide = Request({"front": str(tmp_path / "wide.png")}, request(folder).settings)
    (shown,) = [event.rgba for event in pipeline.generate(wide) if isinstance(event, CutOut)]
    assert (shown.shape, shown.dtype) == ((205, 512, 4), np.uint8)
    assert (shown[102, 256] == (220, 120, 40, 255)).all()
    assert shown[0, 0, 3] == 0
    edges = shown[(shown[..., 3] > 32) & (shown[..., 3] < 255)]
    assert len(edges)
    assert edges[:, 2].max() < 60


def test_the_result_says_how_it_was_made(events: list[Event]) -> None:
    result = result_of(events)
    assert (result.seed, result.model) == (7, "tiny")
    wanted = {"steps": 3, "guidance": 3.0, "device": "cpu", "precision": "float32", "seed": 7, "resolution": 126}
    assert {name: result.settings[name] for name in wanted} == wanted
    assert list(result.seconds) == [stage.value for stage in Stage]
    assert all(seconds >= 0 for seconds in result.seconds.values())
    assert result.queries[0] == 64**3
    assert 0 < result.queries[1] < 127**3
    assert len(result.queries) == 2
    assert result.latents is None
    if sys.platform == "linux":
        assert result.peak_memory is not None
        assert result.peak_memory > 50 << 20, "PyTorch alone takes more"


def test_the_mesh_is_closed_and_near_where_the_model_put_it(pipeline: Pipeline, folder: Path) -> None:
    mesh = result_of(pipeline.generate(request(folder, resolution=32))).mesh
    edges = np.sort(mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    assert np.abs(mesh.vertices.mean(0)).max() < 0.3
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0, "the faces look inwards"


def test_no_previews_where_none_are_asked_for(pipeline: Pipeline, folder: Path) -> None:
    assert not any(isinstance(event, Preview) for event in pipeline.generate(request(folder)))


def test_the_same_request_gives_the_same_mesh_with_and_without_previews(pipeline: Pipeline, folder: Path) -> None:
    first = result_of(pipeline.generate(request(folder, seed=3)))
    again = result_of(Pipeline().generate(request(folder, seed=3)))
    previewed = result_of(pipeline.generate(request(folder, seed=3, preview=True)))
    assert identical(first.mesh, again.mesh)
    assert near(first.mesh, previewed.mesh)


@pytest.mark.parametrize("change", [{"seed": 4}, {"steps": 7}, {"guidance": 9.0}, {"guidance": 0.0}, {"level": 0.4}])
def test_every_sampling_setting_reaches_the_mesh(pipeline: Pipeline, folder: Path, change: dict[str, Any]) -> None:
    one = result_of(pipeline.generate(request(folder, seed=3)))
    settings: dict[str, Any] = {"seed": 3} | change
    other = result_of(pipeline.generate(request(folder, **settings)))
    assert not near(one.mesh, other.mesh)


def test_asking_for_the_models_own_values_is_the_same_as_giving_them(pipeline: Pipeline, folder: Path) -> None:
    own = result_of(pipeline.generate(request(folder)))
    given = result_of(pipeline.generate(request(folder, steps=3, guidance=3.0, precision="float32")))
    assert near(own.mesh, given.mesh)


def test_kept_latents_make_the_same_mesh_again_and_another_one_at_another_resolution(pipeline: Pipeline, folder: Path) -> None:
    asked = request(folder, keep_latents=True)
    result = result_of(pipeline.generate(asked))
    assert result.latents is not None
    assert result.latents.shape == (12, 4)
    again = list(pipeline.generate(DecodeLatents(result.latents, asked.settings)))
    assert near(result_of(again).mesh, result.mesh)
    progress = [event for event in again if isinstance(event, Progress)]
    assert {event.stage for event in progress} == {Stage.LOAD, Stage.DECODE, Stage.EXTRACT}
    assert progress[0].fraction == 0
    assert progress[1].fraction < 0.2, "the bar is that of the stages that there are"
    finer = result_of(pipeline.generate(DecodeLatents(result.latents, request(folder, resolution=40).settings)))
    assert len(finer.mesh.faces) > len(result.mesh.faces)


def test_colours_come_with_the_mesh_where_they_are_wanted(pipeline: Pipeline, folder: Path) -> None:
    asked = request(folder, keep_latents=True, colours=True)
    result = result_of(pipeline.generate(asked))
    assert result.colouring is not None
    assert result.colouring.uvs.shape == (result.mesh.faces.size, 2)
    assert result.colouring.picture.shape[2] == 4
    again = result_of(pipeline.generate(DecodeLatents(result.latents, asked.settings, result.colouring.picture)))
    assert again.colouring is not None
    assert again.colouring.uvs.shape == result.colouring.uvs.shape
    assert result_of(pipeline.generate(DecodeLatents(result.latents, asked.settings))).colouring is None, "the image is not known"
    assert result_of(pipeline.generate(request(folder, colours=False))).colouring is None


def test_latents_of_another_kind_of_model_are_refused(pipeline: Pipeline, folder: Path) -> None:
    failure = failure_of(pipeline.generate(DecodeLatents(np.zeros((12, 7)), request(folder).settings)))
    assert failure.kind == "SettingsError"


def test_latents_are_decoded_by_the_weights_that_made_them_alone(pipeline: Pipeline, folder: Path, tmp_path: Path) -> None:
    asked = request(folder, keep_latents=True, steps=1)
    made = result_of(pipeline.generate(asked))
    latents, own = made.latents, made.model_identity
    assert latents is not None
    assert own
    moved = shutil.copytree(folder / "tiny", tmp_path / "moved")
    trained = write_tiny_model(tmp_path / "trained", seed=1)
    for model, kept, others in (
        (folder / "tiny", own, own),
        (moved, own, own),
        (folder / "tiny", "", ""),
        (folder / "tiny", own, ""),
        (folder / "tiny", "", own),
        (trained, own, own),
        (trained, "", own),
    ):
        settings = asked.settings | {"model": str(model)}
        tasks: list[Task] = [Blend(latents, latents, 0.5, settings, kept, others)]
        tasks += [DecodeLatents(latents, settings, None, kept)] if kept == others else []
        for task in tasks:
            *events, last = pipeline.generate(task)
            warnings = [event.message for event in events if isinstance(event, Log) and event.warning]
            if model == trained:
                assert isinstance(last, Failure)
                assert last.kind == "ModelMismatchError"
                assert "choose the model that made them" in last.message
            else:
                assert isinstance(last, Result)
                assert last.model_identity == own
                assert len(warnings) == (not kept or not others), "a model that could not be checked is said, and no other"


@pytest.mark.parametrize("guidance_embed", [False, True])
@pytest.mark.parametrize("scheduler", ["FlowMatchEulerDiscreteScheduler", "ConsistencyFlowMatchEulerDiscreteScheduler"])
def test_every_kind_of_model_runs(pipeline: Pipeline, folder: Path, tmp_path: Path, guidance_embed: bool, scheduler: str) -> None:
    config = tiny_config(model={"guidance_embed": guidance_embed})
    config["scheduler"] = {"target": scheduler, "params": {"num_train_timesteps": 1000}}
    model = write_tiny_model(tmp_path / "kind", config)
    weak, strong = (result_of(pipeline.generate(request(folder, model=str(model), guidance=value))) for value in (1.0, 8.0))
    assert not near(weak.mesh, strong.mesh)


def test_several_views_run_and_each_is_shown(pipeline: Pipeline, folder: Path, tmp_path: Path) -> None:
    model = str(write_tiny_model(tmp_path / "views", multi_view_config()))
    events = list(pipeline.generate(request(folder, model=model, views=("left", "front"))))
    both = result_of(events)
    assert {event.view for event in events if isinstance(event, CutOut)} == {"front", "left"}
    swapped = result_of(pipeline.generate(request(folder, model=model, views=("front", "left"))))
    assert near(both.mesh, swapped.mesh)
    front = result_of(pipeline.generate(request(folder, model=model)))
    assert not near(both.mesh, front.mesh)


@pytest.mark.parametrize("views", [("front", "left"), ("left",)])
def test_a_model_of_one_view_refuses_others(pipeline: Pipeline, folder: Path, views: tuple[str, ...]) -> None:
    failure = failure_of(pipeline.generate(request(folder, views=views)))
    assert failure.kind == "SettingsError"
    assert "one image" in failure.message


def test_cancelling_works_at_every_point(pipeline: Pipeline, folder: Path) -> None:
    """`cancelled` turns true at its n-th call, for every n: the stream always ends at once in a Failure."""
    wanted = request(folder, preview=True, colours=True)
    n = 0
    finished = False
    while not finished:
        n += 1
        calls = itertools.count(1)
        answers = []

        def cancelled(calls: Any = calls, n: int = n, answers: list[bool] = answers) -> bool:
            answers.append(next(calls) >= n)
            return answers[-1]

        *_, last = pipeline.generate(wanted, cancelled)
        finished = isinstance(last, Result)
        if not finished:
            assert isinstance(last, Failure)
            assert last.kind == "Cancelled"
            assert answers.count(True) == 1, "the generation went on after it was cancelled"
    assert n > 10


def test_a_caller_may_stop_listening(pipeline: Pipeline, folder: Path) -> None:
    events = pipeline.generate(request(folder))
    next(events)
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert result_of(pipeline.generate(request(folder)))


def test_a_kept_model_is_not_loaded_again_until_it_is_released(folder: Path, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "kept")
    own = Pipeline()
    result_of(own.generate(request(folder, model=str(model))))
    (model / "model.safetensors").rename(model / "hidden")
    result_of(own.generate(request(folder, model=str(model), seed=1)))
    own.release()
    assert failure_of(own.generate(request(folder, model=str(model)))).kind == "CheckpointError"


@pytest.mark.parametrize("how", ["replaced", "overwritten in place", "cut short in place"])
def test_a_model_whose_files_change_is_loaded_anew_and_what_runs_is_not_changed(folder: Path, tmp_path: Path, how: str) -> None:
    model, other = write_tiny_model(tmp_path / "kept"), write_tiny_model(tmp_path / "other", seed=5)
    own = Pipeline()
    before = result_of(own.generate(request(folder, model=str(model))))
    weights, content = model / "model.safetensors", (other / "model.safetensors").read_bytes()
    if how == "replaced":
        (other / "model.safetensors").replace(weights)
    else:
        with weights.open("r+b") as file:
            file.write(content if how == "overwritten in place" else b"")
            file.truncate(len(content) // (1 if how == "overwritten in place" else 2))
    events = list(own.generate(request(folder, model=str(model))))
    assert any(isinstance(event, Log) and "loaded anew" in event.message for event in events)
    if how == "cut short in place":
        assert failure_of(events).kind == "CheckpointError"
    else:
        after = result_of(events)
        assert after.model_identity != before.model_identity
        assert not identical(after.mesh, before.mesh)


def counted_encoders(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """A list that grows by one each time that an image is encoded."""
    calls: list[None] = []
    encode = SingleImageEncoder.forward

    def counted(*arguments: Any) -> Tensor:
        calls.append(None)
        return encode(*arguments)

    monkeypatch.setattr(SingleImageEncoder, "forward", counted)
    return calls


def test_another_seed_does_not_read_the_image_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted_encoders(monkeypatch)
    own = Pipeline()
    result_of(own.generate(request(folder, seed=1)))
    again = list(own.generate(request(folder, seed=2)))
    assert len(calls) == 1
    assert any(isinstance(event, CutOut) for event in again), "the cut-out is shown all the same"
    assert near(result_of(again).mesh, result_of(Pipeline().generate(request(folder, seed=2))).mesh)


@pytest.mark.parametrize("change", ["the picture", "the cut-out", "the model", "the release"])
def test_what_was_read_is_read_again_after(change: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted_encoders(monkeypatch)
    own = Pipeline()
    picture = write_disc_image(tmp_path / "disc.png")
    asked = replace(request(folder), images={"front": str(picture)})
    result_of(own.generate(asked))
    if change == "the picture":
        with Image.open(picture) as image:
            image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).crop((0, 0, 60, 60)).save(picture)
    if change == "the cut-out":
        asked = replace(asked, settings=dict(asked.settings) | {"cutout": "keep"})
    if change == "the model":
        asked = replace(asked, settings=dict(asked.settings) | {"model": str(write_tiny_model(tmp_path / "other"))})
    if change == "the release":
        own.release()
    result_of(own.generate(asked))
    assert len(calls) == 2


# --- cut-outs alone ---


def test_a_cutout_alone_loads_no_model(folder: Path) -> None:
    disc = str(folder / "disc.png")
    *events, last = Pipeline().generate(CutOutOnly({"front": disc, "left": disc}, {"model": "/no/such/folder"}))
    assert isinstance(last, Finished)
    assert [event.view for event in events if isinstance(event, CutOut)] == ["front", "left"]
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == [0.0, 0.5, 1.0]


def test_a_cutout_alone_warns_and_fails_with_a_sentence(folder: Path) -> None:
    disc = str(folder / "disc.png")
    alone = Pipeline().generate(CutOutOnly({"front": str(folder / "no.png")}))
    assert failure_of(alone).kind == "ImageError"
    cancelled = Pipeline().generate(CutOutOnly({"front": disc}), lambda: True)
    assert failure_of(cancelled).kind == "Cancelled"


# --- failures ---


def test_a_missing_image_is_a_failure_with_a_sentence(pipeline: Pipeline, folder: Path) -> None:
    failure = failure_of(pipeline.generate(Request({"front": str(folder / "no.png")}, request(folder).settings)))
    assert failure.kind == "ImageError"
    assert "no.png" in failure.message
    assert "\n" not in failure.message
    assert "Traceback" in failure.details


def test_a_bad_image_fails_before_the_model_is_looked_for(folder: Path) -> None:
    (folder / "not an image.png").write_text("a text")
    request = Request({"front": str(folder / "not an image.png")}, {"model": str(folder / "no such model")})
    assert failure_of(Pipeline().generate(request)).kind == "ImageError"


def test_a_field_without_a_surface_is_a_failure(pipeline: Pipeline, folder: Path, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "empty")
    state = load_file(model / "model.safetensors")
    state["vae.geo_decoder.output_proj.bias"] = torch.tensor([-100.0])
    save_file(state, model / "model.safetensors")
    for preview in (False, True):
        failure = failure_of(pipeline.generate(request(folder, model=str(model), preview=preview)))
        assert failure.kind == "EmptySurfaceError"


@pytest.mark.parametrize("weight", ["model.final_layer.linear.weight", "vae.geo_decoder.output_proj.weight"])
def test_numbers_that_overflow_are_a_failure_and_not_a_broken_mesh(
    pipeline: Pipeline, folder: Path, tmp_path: Path, weight: str
) -> None:
    model = write_tiny_model(tmp_path / "hot")
    state = load_file(model / "model.safetensors")
    state[weight] = torch.full_like(state[weight], 3e38)
    save_file(state, model / "model.safetensors")
    failure = failure_of(pipeline.generate(request(folder, model=str(model))))
    assert failure.kind == "DeviceError"
    assert "finite" in failure.message


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own memory as only Linux does")
def test_too_little_memory_is_a_failure_that_says_what_to_do(pipeline: Pipeline, folder: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    try:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (2 << 30), before[1]))
        failure = failure_of(pipeline.generate(request(folder, resolution=1024, decoder="dense")))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert failure.kind == "MemoryLimitError"
    assert "lower the resolution" in failure.message
    result_of(pipeline.generate(request(folder)))


def test_a_face_budget_is_kept_or_the_caller_is_warned(pipeline: Pipeline, folder: Path) -> None:
    assert len(result_of(pipeline.generate(request(folder, face_budget=200))).mesh.faces) <= 200
    *events, last = pipeline.generate(request(folder, face_budget=1))
    assert isinstance(last, Result)
    assert len(last.mesh.faces) > 1
    assert any(isinstance(event, Log) and event.warning and "triangles" in event.message for event in events)


def test_the_full_mesh_is_had_from_the_latents_of_a_small_one(pipeline: Pipeline, folder: Path) -> None:
    full = result_of(pipeline.generate(request(folder, face_budget=0)))
    asked = replace(request(folder, face_budget=200), keep_latents=True)
    small = result_of(pipeline.generate(asked))
    assert small.latents is not None
    again = result_of(
        pipeline.generate(DecodeLatents(small.latents, asked.settings | {"face_budget": 0}, None, "", small.pixels))
    )
    assert len(small.mesh.faces) <= 200 < len(again.mesh.faces) == len(full.mesh.faces)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_on_the_cpu_works_or_says_what_to_set(pipeline: Pipeline, folder: Path, precision: str) -> None:
    *_, last = pipeline.generate(request(folder, precision=precision))
    if isinstance(last, Failure):
        assert last.kind == "DeviceError"
        assert "float32" in last.message
    else:
        assert isinstance(last, Result)
        assert last.settings["precision"] == precision


@pytest.mark.parametrize("device", ["cuda:99", "toaster", "meta", "", "cpu:0:0"])
def test_a_device_that_does_not_exist_is_a_failure(pipeline: Pipeline, folder: Path, device: str) -> None:
    assert failure_of(pipeline.generate(request(folder, device=device))).kind == "DeviceError"


def test_a_warning_about_the_image_reaches_the_caller(pipeline: Pipeline, folder: Path, tmp_path: Path) -> None:
    image = write_disc_image(tmp_path / "disc.png")
    with Image.open(image) as disc:
        disc.convert("RGB").save(image)
    wanted = Request({"front": str(image)}, request(folder).settings | {"cutout": "keep"})
    events = list(pipeline.generate(wanted))
    result_of(events)
    (warning,) = [event.message for event in events if isinstance(event, Log) and event.warning]
    assert "background" in warning, "the whole image was taken for the object"


# --- devices ---


def test_auto_is_a_device_that_computes() -> None:
    device = choose_device("auto")
    assert torch.ones(2, device=device).sum().item() == 2


def test_precision_follows_the_device() -> None:
    assert choose_dtype("auto", torch.device("cpu")) == torch.float32
    assert choose_dtype("auto", torch.device("cuda", 0)) == torch.float16
    assert choose_dtype("bfloat16", torch.device("cpu")) == torch.bfloat16
    assert choose_dtype("float8", torch.device("cuda", 0)) == torch.float16


def test_8_bit_arithmetic_that_the_device_lacks_is_not_used_and_says_so_once(folder: Path) -> None:
    pipeline, eight_bit = Pipeline(), request(folder, precision="float8")
    first, again = list(pipeline.generate(eight_bit)), list(pipeline.generate(eight_bit))
    assert [event.message for event in first if isinstance(event, Log)][1:] == [
        "This device has no 8-bit arithmetic; the model runs in float32."
    ]
    assert not [event for event in again if isinstance(event, Log)]
    plain = result_of(pipeline.generate(request(folder)))
    assert result_of(first).settings["precision"] == "float32"
    assert near(result_of(first).mesh, plain.mesh)


@pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without a graphics card")
def test_asking_for_a_graphics_card_that_is_not_there_says_so() -> None:
    with pytest.raises(DeviceError, match="no CUDA graphics card"):
        choose_device("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_graphics_card_gives_the_shape_of_the_cpu_and_repeats_itself(pipeline: Pipeline, folder: Path) -> None:
    cpu = result_of(pipeline.generate(request(folder)))
    gpu = result_of(pipeline.generate(request(folder, device="cuda", precision="float32")))
    again = result_of(pipeline.generate(request(folder, device="cuda", precision="float32")))
    assert identical(gpu.mesh, again.mesh)
    assert abs(len(gpu.mesh.faces) - len(cpu.mesh.faces)) <= 0.02 * len(cpu.mesh.faces)
    assert result_of(pipeline.generate(request(folder, device="cuda"))).settings["precision"] == "float16"

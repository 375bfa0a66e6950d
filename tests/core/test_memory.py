"""Memory: what a model needs, where its needs stay, and how much was used."""

from __future__ import annotations

import mmap
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from flashvdm_core.api.events import Event, Failure, Log, Preview, Progress, Result, Stage
from flashvdm_core.api.tasks import DecodeLatents, Request
from flashvdm_core.checkpoints.load import load_checkpoint, load_parts, model_spec
from flashvdm_core.checkpoints.registry import MODELS
from flashvdm_core.models.build import build_meta
from flashvdm_core.models.specs import ModelSpec, SkipDiTSpec
from flashvdm_core.pipeline import loaded_model
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.runtime.memory.offload import WeightOffloader
from flashvdm_core.runtime.memory.peak import PeakMemory
from flashvdm_core.runtime.memory.plan import SHARED_MEMORY, Network, Requirement, no_offload, plan_offload, sequential_offload
from flashvdm_core.runtime.memory.requirements import RESERVE, activation_memory, memory_requirements
from flashvdm_core.sampling import CUDAGraphDenoiser, guided_velocity

from .nearness import near
from .test_graphs import Capturer
from .tiny_model import write_disc_image, write_tiny_model

CPU = torch.device("cpu")
MIB = 1 << 20
GB = 10**9
NETWORKS = tuple(Network)

sizes = st.integers(0, 1 << 40)
requirements = st.tuples(*(st.builds(Requirement, st.just(network), sizes, sizes) for network in NETWORKS))


class TestPlan:
    @given(requirements, sizes)
    def test_it_keeps_to_the_budget_wherever_one_network_at_a_time_would(
        self, needs: tuple[Requirement, ...], budget: int
    ) -> None:
        plan = plan_offload(needs, budget)
        least = sequential_offload(needs).peak
        assert plan.peak <= max(budget, least)
        assert all(
            plan.resident[network][0] is network and len(set(plan.resident[network])) == len(plan.resident[network])
            for network in NETWORKS
        )

    @given(requirements)
    def test_everything_stays_exactly_where_it_fits(self, needs: tuple[Requirement, ...]) -> None:
        needed = no_offload(needs).peak
        assert plan_offload(needs, needed).keeps_all
        assert not plan_offload(needs, needed - 1).keeps_all or any(need.weights == 0 for need in needs)

    @given(requirements, sizes)
    def test_what_is_needed_next_comes_before_what_is_needed_later(self, needs: tuple[Requirement, ...], budget: int) -> None:
        plan = plan_offload(needs, budget)
        for number, need in enumerate(needs):
            following = needs[(number + 1) % 3]
            if following.network not in plan.resident[need.network]:
                assert need.total + following.weights > budget

    def test_the_full_size_turbo_model_at_380_keeps_to_6_gb(self) -> None:
        needs = memory_requirements(MODELS["hunyuan3d-dit-v2-0-turbo"], torch.float16, 380)
        assert plan_offload(needs, 6 * GB).peak <= 6 * GB
        # A card of 6 GB that shows a desktop has less: then the parts take turns, and the next one comes meanwhile.
        little = plan_offload(needs, 5 * GB)
        assert little.peak <= 5 * GB
        assert not little.keeps_all
        assert little.resident[Network.IMAGE_ENCODER] == (Network.IMAGE_ENCODER, Network.DENOISER)
        assert sequential_offload(needs).peak < 3 * GB

    @pytest.mark.parametrize("name", MODELS)
    def test_every_public_model_has_a_plan_for_8_gb_at_380(self, name: str) -> None:
        assert plan_offload(memory_requirements(MODELS[name], torch.float16, 380), 8 * GB).peak <= 8 * GB


class Alive(TorchDispatchMode):
    """Counts the bytes of all tensors that are alive at once, beside those that were there before."""

    def __init__(self, before: list[Tensor]) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known = {id(kept): weakref.ref(kept) for kept in (tensor.untyped_storage() for tensor in before)}
        self._before = before

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, Tensor):
                self._see(tensor.untyped_storage())
        return out

    def _see(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()
        if key in self._known and self._known[key]() is storage:
            return
        self.now += size
        self.most = max(self.most, self.now)

        def gone(_: object) -> None:
            self.now -= size
            del self._known[key]

        self._known[key] = weakref.ref(storage, gone)


def most_alive(run: Callable[[], Tensor], before: list[Tensor]) -> tuple[int, Tensor]:
    with torch.no_grad(), Alive(before) as alive:
        out = run()
    return alive.most, out


class TestMemoryRequirements:
    def test_the_weights_are_those_of_the_files(self) -> None:
        # The published file holds the VAE with the larger decoder, and the names and shapes in front.
        v2_0 = memory_requirements(MODELS["hunyuan3d-dit-v2-0"], torch.float16, 380)
        assert sum(need.weights for need in v2_0) == pytest.approx(4_928_151_562, rel=0.01)
        model = load_checkpoint("embedded", CPU, torch.float32)
        decoders = torch.nn.ModuleList([model.vae, model.pixel_aligned])
        found = [sum(p.nbytes for p in network.parameters()) for network in (model.image_encoder, model.denoiser, decoders)]
        assert [need.weights for need in memory_requirements(model_spec("embedded"), torch.float32, 256)] == found

    @pytest.mark.parametrize("name", ["hunyuan3d-dit-v2-0-turbo", "hunyuan3d-dit-v2-0", "hunyuan3d-dit-v2-1", "embedded"])
    def test_the_stages_take_no_more_than_was_estimated(self, name: str) -> None:
        """Networks of the true widths, with few layers and few tokens: what is alive at once grows with the tokens alone."""
        spec = shallow(model_spec("embedded") if name == "embedded" else MODELS[name])
        dit, vae, conditioner = (network.to_empty(device=CPU).requires_grad_(False) for network in build_meta(spec))
        weights = [*dit.parameters(), *vae.parameters(), *conditioner.parameters()]
        for weight in weights:
            weight.data.zero_()
        side, batch = spec.conditioner.image_size, 1 if spec.guidance_embed else 2
        image = torch.rand(1, 3, side, side)
        image_bytes, condition = most_alive(lambda: conditioner(image), [*weights, image])
        condition = condition.expand(batch, -1, -1).clone()
        x, t = torch.rand(batch, spec.vae.num_latents, spec.dit.in_channels), torch.rand(1)
        guidance = (torch.ones(1),) if spec.guidance_embed else ()
        velocity = dit.prepare(t, condition, *guidance)
        times = t.expand(batch)
        sampling_bytes, _ = most_alive(lambda: velocity(x, times), [*weights, x, condition])
        latents_bytes, _ = most_alive(lambda: vae.decode(x[:1]), [*weights, x])
        for estimated, counted in zip(
            activation_memory(spec, torch.float32, 16), (image_bytes, sampling_bytes, latents_bytes), strict=True
        ):
            assert counted < estimated - RESERVE
        image_estimate, sampling_estimate, _ = (bytes_ - RESERVE for bytes_ in activation_memory(spec, torch.float32, 16))
        assert image_estimate < 2.5 * image_bytes
        assert sampling_estimate < 4 * sampling_bytes, "far too careful: needs would take turns for nothing"


def shallow(spec: ModelSpec) -> ModelSpec:
    dit = replace(spec.dit, depth=2, num_moe_layers=1) if isinstance(spec.dit, SkipDiTSpec) else replace(
        spec.dit, depth=1, depth_single_blocks=1
    )  # fmt: skip
    dino = replace(spec.conditioner.dino, num_hidden_layers=1)
    return ModelSpec(
        dit, replace(spec.vae, num_decoder_layers=1, num_latents=256), replace(spec.conditioner, dino=dino, image_size=210)
    )


class TestWeightOffloader:
    """With the CPU in the place of the device: weights that are offloaded are copied all the same."""

    @pytest.fixture
    def networks(self) -> dict[Network, nn.Module]:
        torch.manual_seed(0)
        return {name: nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64)).requires_grad_(False) for name in NETWORKS}

    def needs(self) -> tuple[Requirement, ...]:
        return tuple(Requirement(name, 100, 10) for name in NETWORKS)

    @pytest.mark.parametrize("on_device", [True, False])
    @pytest.mark.parametrize("budget", [110, 210, 310])
    def test_each_network_computes_the_same_in_its_stage(
        self, networks: dict[Network, nn.Module], budget: int, on_device: bool
    ) -> None:
        x = torch.rand(3, 64)
        expected = {name: network(x) for name, network in networks.items()}
        offloader = WeightOffloader(networks, CPU, plan_offload(self.needs(), budget), on_device=on_device)
        for name in NETWORKS * 2:
            offloader.upload(name)
            assert offloader.is_on_device(name)
            assert [offloader.is_on_device(other) for other in NETWORKS].count(True) == budget // 100
            torch.testing.assert_close(networks[name](x), expected[name], rtol=0, atol=0)

    def test_weights_that_leave_give_their_memory_back(self, networks: dict[Network, nn.Module]) -> None:
        offloader = WeightOffloader(networks, CPU, sequential_offload(self.needs()), on_device=True)
        offloader.upload(Network.IMAGE_ENCODER)
        on_the_device = weakref.ref(next(networks[Network.IMAGE_ENCODER].parameters()).untyped_storage())
        offloader.upload(Network.DENOISER)
        assert on_the_device() is None

    def test_weights_of_every_kind_come_back_as_they_were(self) -> None:
        torch.manual_seed(0)
        network = nn.Module()
        kinds = (torch.float8_e4m3fn, torch.float16, torch.float32, torch.uint8)
        buffers = {
            f"{kind}".rpartition(".")[2] + str(len(shape)): (torch.rand(shape) * 9).to(kind)
            for kind in kinds
            for shape in ((), (3,), (0, 4), (5, 7, 2))
        }
        buffers["larger than a block"] = torch.rand(65 * MIB // 4)
        for name, buffer in buffers.items():
            network.register_buffer(name, buffer.clone())
        networks = {Network.IMAGE_ENCODER: network, Network.DENOISER: nn.Linear(1, 1), Network.VAE: nn.Linear(1, 1)}
        offloader = WeightOffloader(networks, CPU, sequential_offload(self.needs()), on_device=True)
        for name in (*NETWORKS, Network.IMAGE_ENCODER):
            offloader.upload(name)
        for name, buffer in network.named_buffers():
            assert (buffer.dtype, buffer.shape) == (buffers[name].dtype, buffers[name].shape)
            assert torch.equal(buffer.float(), buffers[name].float())

    def test_it_offloads_more_once(self, networks: dict[Network, nn.Module]) -> None:
        offloader = WeightOffloader(networks, CPU, no_offload(self.needs()), on_device=True)
        offloader.upload(Network.DENOISER)
        assert offloader.keeps_all
        assert offloader.offload_sequentially()
        offloader.upload(Network.DENOISER)
        assert [offloader.is_on_device(name) for name in NETWORKS] == [False, True, False]
        assert not offloader.offload_sequentially()
        offloader.set_plan(no_offload(self.needs()))
        assert not offloader.keeps_all, "it forgot that the device ran out of memory"

    def test_nothing_moves_where_there_is_no_other_place(self, networks: dict[Network, nn.Module]) -> None:
        offloader = WeightOffloader(networks, CPU, SHARED_MEMORY, on_device=True)
        offloader.upload(Network.DENOISER)
        assert offloader.keeps_all
        assert all(offloader.is_on_device(name) for name in NETWORKS)
        assert not offloader.offload_sequentially()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    write_tiny_model(folder / "tiny")
    write_disc_image(folder / "disc.png")
    return folder


def request(folder: Path, **settings: Any) -> Request:
    values = {"model": str(folder / "tiny"), "resolution": 24, "device": "cpu", "colours": False} | settings
    return Request({"front": str(folder / "disc.png")}, values, keep_latents=True)


def result_of(events: list[Event]) -> Result:
    assert isinstance(events[-1], Result), events[-1]
    return events[-1]


class TestGeneration:
    """A card with little memory, played by the CPU: its answer to how much there is, is ours."""

    @pytest.fixture
    def card(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        def has(budget: int) -> None:
            monkeypatch.setattr(loaded_model, "available_memory", lambda device, setting: budget)

        return has

    def test_with_little_memory_the_mesh_is_the_same(self, folder: Path, card: Callable[[int], None]) -> None:
        expected = result_of(list(Pipeline().generate(request(folder))))
        card(sequential_offload(memory_requirements(model_spec(folder / "tiny"), torch.float32, 24)).peak)
        pipeline = Pipeline()
        for _ in range(2):  # again, with the parts where the first time left them
            events = list(pipeline.generate(request(folder)))
            result = result_of(events)
            assert near(result.mesh, expected.mesh)
            *_, told = [event.message for event in events if isinstance(event, Log)]
            assert "take turns" in told
        assert result.latents is not None
        again = result_of(list(pipeline.generate(DecodeLatents(result.latents, request(folder).settings))))
        assert near(again.mesh, expected.mesh)

    def test_steps_are_replayed_only_where_a_recording_has_room(self, folder: Path, card: Callable[[int], None]) -> None:
        needs, record, settings = (
            memory_requirements(model_spec(folder / "tiny"), torch.float32, 24),
            Capturer(),
            request(folder).settings,
        )
        plenty = no_offload(needs).peak + needs[1].activations
        card(plenty)
        loaded = loaded_model.load_model(loaded_model.ModelKey(str(folder / "tiny"), CPU, torch.float32), settings)
        model = loaded.model
        loaded = replace(loaded, captured=CUDAGraphDenoiser(model.denoiser, record))
        x, condition, times = torch.randn(1, model.num_latents, model.channels), torch.randn(1, 5, 24), torch.tensor([0.5])
        for budget, recordings in ((plenty, 1), (plenty - 1, 1), (plenty, 2)):
            card(budget)
            assert list(loaded.plan_memory(settings)) == []
            velocity = guided_velocity(loaded.denoiser, condition, None, times=times)
            torch.testing.assert_close(velocity(x, times), model.denoiser(x, times, condition))
            assert record.count == recordings

    def test_a_budget_that_may_not_do_is_told_and_the_sampling_shows_no_previews(
        self, folder: Path, card: Callable[[int], None]
    ) -> None:
        card(1000)
        events = list(Pipeline().generate(request(folder)))
        result_of(events)
        (told,) = [event.message for event in events if isinstance(event, Log) and event.warning]
        assert "the memory may not do" in told
        assert not any(isinstance(event, Preview) and event.stage is Stage.SAMPLE for event in events)

    @pytest.mark.parametrize("network", ["image_encoder", "denoiser", "vae"])
    def test_a_stage_that_runs_out_of_memory_is_done_again_with_nothing_else_there(
        self, folder: Path, card: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, network: str
    ) -> None:
        expected = result_of(list(Pipeline().generate(request(folder))))
        card(1 << 40)
        pipeline = Pipeline()
        self.run_out(monkeypatch, network, times=1)
        events = list(pipeline.generate(request(folder)))
        assert near(result_of(events).mesh, expected.mesh)
        (told,) = [event for event in events if isinstance(event, Log) and event.warning]
        assert "ran out of memory" in told.message
        fractions = [event.fraction for event in events if isinstance(event, Progress)]
        assert fractions == sorted(fractions), "the bar went back"

    def test_where_that_does_not_help_the_error_says_what_to_do(
        self, folder: Path, card: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        card(1 << 40)
        self.run_out(monkeypatch, "denoiser", times=100)
        *_, last = Pipeline().generate(request(folder))
        assert isinstance(last, Failure)
        assert last.kind == "MemoryLimitError"
        assert "close other programs" in last.message

    def run_out(self, monkeypatch: pytest.MonkeyPatch, network: str, times: int) -> None:
        """Have one network of the models that are loaded from now on fail as a card does that is full."""
        left = iter(range(times))

        def fail(*_: object) -> None:
            if next(left, None) is not None:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

        def load(*args: Any, **options: Any) -> Any:
            loaded = load_parts(*args, **options)
            part: nn.Module = getattr(loaded.model, network)
            for layer in part.modules():
                if isinstance(layer, nn.Linear):
                    layer.register_forward_pre_hook(fail)
                    return loaded
            raise AssertionError(network)

        monkeypatch.setattr(loaded_model, "load_parts", load)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
class TestOnACard:
    @pytest.fixture(autouse=True)
    def whole_card(self) -> Iterator[None]:
        yield
        torch.cuda.set_per_process_memory_fraction(1.0)

    @pytest.mark.parametrize("turns", [False, True])
    def test_the_mesh_is_the_same_when_the_parts_take_turns(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, turns: bool
    ) -> None:
        expected = result_of(list(Pipeline().generate(request(folder, device="cuda"))))
        if turns:
            monkeypatch.setattr(loaded_model, "available_memory", lambda device, setting: 1000)
        pipeline = Pipeline()
        for _ in range(2):
            result = result_of(list(pipeline.generate(request(folder, device="cuda"))))
            assert near(result.mesh, expected.mesh)
            assert result.peak_memory

    def test_the_embedded_model_keeps_to_a_budget(self, folder: Path) -> None:
        settings = {"model": "embedded", "resolution": 256, "memory_budget": 1.0, "device": "cuda"}
        result = result_of(list(Pipeline().generate(request(folder, **settings))))
        assert result.peak_memory
        assert result.peak_memory <= 1 << 30


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell")
def test_the_peak_is_that_of_the_time_since_the_watch_began() -> None:
    _touch(256 * MIB)
    watch = PeakMemory(CPU)
    assert watch.before is not None
    _touch(128 * MIB)
    peak = watch.bytes()
    assert peak is not None
    assert 120 * MIB < peak - watch.before < 160 * MIB
    later = PeakMemory(CPU).bytes()
    assert later is not None
    assert later < peak - 64 * MIB


def _touch(size: int) -> None:
    """Use so much memory for a moment, whatever the process has at hand already."""
    with mmap.mmap(-1, size) as memory:
        for _ in range(size // MIB):
            memory.write(bytes(MIB))


def test_where_the_system_does_not_tell_nothing_is_made_up() -> None:
    watch = PeakMemory(torch.device("meta"))
    assert (watch.before, watch.bytes()) == (None, None)

"""The training stages on a handful of boxes: they learn, resume where they stopped, and refuse what they cannot use."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from flashvdm_core.checkpoints import load_checkpoint
from flashvdm_core.training.flow import paired

pytest.importorskip("scipy")

CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
BOX = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
     [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
)  # fmt: skip
SMALL_VAE = ["num_latents=16", "embed_dim=8", "width=32", "heads=2", "num_decoder_layers=1", "pc_size=96", "pc_sharpedge_size=32"]
SMALL_FLOW = [
    "dino_hidden=24",
    "dino_layers=1",
    "dino_heads=2",
    "hidden_size=32",
    "num_heads=2",
    "depth=1",
    "depth_single_blocks=1",
]


def run(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "flashvdm_core.training", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine boxes of different proportions, prepared."""
    folder = tmp_path_factory.mktemp("props")
    sizes = np.random.default_rng(0).uniform(0.3, 1.0, (9, 3)).astype(np.float32)
    sizes /= sizes.max(1, keepdims=True)
    np.savez(
        folder / "boxes.npz",
        vertices=np.concatenate([(CORNERS * s * 32767).astype(np.int16) for s in sizes]),
        vertex_offsets=np.arange(10) * 8,
        faces=np.concatenate([BOX.astype(np.uint16)] * 9),
        face_offsets=np.arange(10) * 12,
        face_rgb=np.full((9 * 12, 3), 180, np.uint8),
        split=np.array([0] * 5 + [1] * 3 + [2], np.uint8),
    )
    (folder / "boxes.json").write_text(json.dumps({"models": [{"name": f"box {i}"} for i in range(9)]}))
    command = [sys.executable, "-m", "flashvdm_core.training.prepare", "--data", folder / "boxes.npz", "--out", folder / "data"]
    subprocess.run([*map(str, command), "--views", "2", "--size", "28", "--workers", "1"], check=True, timeout=300)
    return folder / "data"


def rows(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as handle:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(handle)]


@pytest.fixture(scope="module")
def trained_vae(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "vae"
    options = ["steps=60", "batch=4", "warmup=5", "log_every=10", "validate_every=30", "near=64", "uniform=64"]
    run("vae", "--data", data, "--out", out, *options, *SMALL_VAE)
    return out


def test_the_autoencoder_learns_and_logs(trained_vae: Path) -> None:
    log = rows(trained_vae / "log.csv")
    assert [row["step"] for row in log] == [10, 20, 30, 40, 50, 60]
    assert log[-1]["square"] < 0.8 * log[0]["square"]
    validation = rows(trained_vae / "validation.csv")
    assert [row["step"] for row in validation] == [30, 60]
    assert 0 <= validation[-1]["v_iou"] <= 1


def test_a_killed_run_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "vae"
    options = ["steps=100000", "batch=2", "log_every=1", "save_minutes=0.0001", "validate_every=100000", "near=16", "uniform=16"]
    command = [
        sys.executable,
        "-m",
        "flashvdm_core.training",
        "vae",
        "--data",
        str(data),
        "--out",
        str(out),
        *options,
        *SMALL_VAE,
    ]
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
        before = len(rows(out / "log.csv")) if (out / "log.csv").exists() else 0
        deadline = time.monotonic() + 120
        while not (out / "log.csv").exists() or len(rows(out / "log.csv")) < before + 5:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    steps = [row["step"] for row in rows(out / "log.csv")]
    # A step whose log line was written after the last checkpoint is done again; none is skipped.
    assert max(steps) > 5
    assert set(steps) == set(range(1, int(max(steps)) + 1))


def test_both_stages_give_a_checkpoint_that_loads(data: Path, trained_vae: Path, tmp_path: Path) -> None:
    options = [
        "steps=6",
        "batch=2",
        "image_size=28",
        "variants=2",
        "log_every=3",
        "validate_every=6",
        "validate_props=2",
        "validate_steps=2",
    ]
    run("flow", "--data", data, "--vae", trained_vae, "--out", tmp_path / "flow", *options, *SMALL_FLOW)
    assert rows(tmp_path / "flow" / "validation.csv")[-1]["v_iou_vae"] >= 0
    run("export", "--vae", trained_vae, "--flow", tmp_path / "flow", "--out", tmp_path / "model")
    names = load_file(tmp_path / "model" / "model.safetensors")
    assert {name.split(".")[0] for name in names} == {"model", "vae", "conditioner"}
    load_checkpoint(str(tmp_path / "model"), torch.device("cpu"), torch.float32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vae", "--data", "DATA", "--out", "OUT", "colour=3"], "unknown keys: colour"),
        (["vae", "--data", "nowhere", "--out", "OUT"], "no prepared data"),
        (["flow", "--data", "DATA", "--vae", "nowhere", "--out", "OUT"], "no finished vae stage"),
        (
            ["vae", "--data", "DATA", "--out", "OUT", "batch=2", "clip=1e30", "learning_rate=1e30", "warmup=1", *SMALL_VAE],
            "lower learning",
        ),
    ],
)
def test_what_cannot_be_used_ends_in_one_sentence(arguments: list[str], message: str, data: Path, tmp_path: Path) -> None:
    named = [{"DATA": str(data), "OUT": str(tmp_path / "out")}.get(argument, argument) for argument in arguments]
    done = run(*named, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_of_another_size_is_not_overwritten(data: Path, trained_vae: Path) -> None:
    done = run("vae", "--data", data, "--out", trained_vae, "width=48", "heads=2", check=False)
    assert done.returncode == 1
    assert "another shape" in done.stderr


def test_pairing_permutes_and_never_lengthens() -> None:
    noise, data = torch.randn(3, 12, 4), torch.randn(3, 12, 4)
    pairs = paired(noise, data)
    assert torch.equal(pairs.sort(1).values, data.sort(1).values)
    assert (pairs - noise).square().sum() <= (data - noise).square().sum()

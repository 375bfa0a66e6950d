"""A batch on a Ray cluster of two nodes on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashvdm_core.cli import main

from .tiny_model import write_disc_image, write_tiny_model

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--resolution", "16", "--steps", "1", "--guidance", "1", "--decoder", "dense", "--device", "cpu", "--no-colours")


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a running cluster without dashboard and reports."""
    pytest.importorskip("ray", reason="ray is not installed")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        cluster.add_node(**node)
        yield cluster.address
    finally:
        cluster.shutdown()


@pytest.mark.timeout(300)
def test_a_cluster_of_two_shares_the_work(address: str, tmp_path: Path) -> None:
    source, out = tmp_path / "images", tmp_path / "out"
    source.mkdir()
    for number in range(6):
        write_disc_image(source / f"{number}.png")
    (source / "bad.png").write_bytes(b"not an image")
    model = write_tiny_model(tmp_path / "tiny")
    # Not the checkout: the package travels to the workers.
    command = [
        sys.executable,
        "-m",
        "flashvdm_core",
        "batch",
        source,
        "-o",
        out,
        "--json",
        "--ray",
        address,
        "--model",
        model,
        *QUICK,
    ]
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    items = [json.loads(line) for line in done.stdout.splitlines()][1:-1]
    assert sorted(item["output"] for item in items if item["status"] == "made") == [f"{number}.glb" for number in range(6)]
    (bad,) = [item for item in items if item["status"] == "failed"]
    assert bad["kind"] == "ImageError"
    assert str(source / "bad.png") in bad["error"], "the path that the user knows"
    assert len(list(out.glob("*.glb"))) == 6


def test_a_cluster_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    write_disc_image(tmp_path / "a.png")
    command = [sys.executable, "-m", "flashvdm_core", "batch", tmp_path, "-o", tmp_path / "out", "--ray", "auto"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RAY_TMPDIR": str(tmp_path), "RAY_ADDRESS": ""}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: There is no Ray cluster at 'auto'")


def test_without_ray_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    write_disc_image(tmp_path / "a.png")
    assert main(["batch", str(tmp_path), "-o", str(tmp_path / "out"), "--ray", "auto"]) == 1
    assert "needs the package 'ray'" in capsys.readouterr().err

"""A hub on this machine with models in their published layouts at toy sizes: `python -m tests.gui.published FOLDER`.

Writes the models to FOLDER, prints the hub's address, and serves until its standard input ends.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from safetensors.torch import save_file

from tests.core.hub_server import Hub, running
from tests.core.tiny_model import multi_view_config, tiny_config, tiny_state, write_tiny_model, write_tiny_moe_model
from tests.core.tiny_triposg import write_tiny_triposg

_REPOSITORIES: dict[str, tuple[str, dict[str, Any]]] = {
    "hunyuan3d-dit-v2-0-turbo": ("tencent/Hunyuan3D-2", tiny_config(model={"guidance_embed": True})),
    "hunyuan3d-dit-v2-mv-turbo": ("tencent/Hunyuan3D-2mv", multi_view_config()),
}
_AUTOENCODER = ("tencent/Hunyuan3D-2", "hunyuan3d-vae-v2-0-turbo")
_TERMS = b"The terms of this model.\n\nNobody has written them: it is a stand-in.\n"


def files_of(folder: Path) -> dict[str, bytes | Path]:
    """What the hub has, by "owner/name/path"; written to `folder` first."""
    found: dict[str, bytes | Path] = {}
    for name, (repository, config) in _REPOSITORIES.items():
        made = write_tiny_model(folder / name, config)
        found[f"{repository}/{name}/config.yaml"] = made / "config.yaml"
        found[f"{repository}/{name}/model.fp16.safetensors"] = made / "model.safetensors"
    repository, name = _AUTOENCODER
    write_autoencoder(folder / name)
    found[f"{repository}/{name}/config.yaml"] = folder / name / "config.yaml"
    found[f"{repository}/{name}/model.fp16.safetensors"] = folder / name / "model.safetensors"
    # Their published weights are known by their hashes, which no stand-in has: from folders.
    write_tiny_moe_model(folder / "hunyuan3d-dit-v2-1")
    write_tiny_triposg(folder / "TripoSG")
    for repository, _ in _REPOSITORIES.values():
        found |= {f"{repository}/LICENSE": _TERMS, f"{repository}/NOTICE": b"None."}
    return found


def write_autoencoder(folder: Path) -> None:
    """The VAE of the tiny models in a folder of its own, as those with the efficient decoder are published."""
    config = tiny_config()
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config["vae"], sort_keys=False), encoding="utf-8")
    state = tiny_state(config, with_encoder=True)
    save_file(
        {name.partition(".")[2]: value for name, value in state.items() if name.startswith("vae.")}, folder / "model.safetensors"
    )


if __name__ == "__main__":
    with running(Hub(files=files_of(Path(sys.argv[1])))) as hub:
        print(hub.endpoint, flush=True)
        sys.stdin.read()

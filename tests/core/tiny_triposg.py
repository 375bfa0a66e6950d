"""A TripoSG of a few kilobytes in its published layout, from the golden data, which has what its code made of these weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from flashvdm_core.models.clip_text import TextEncoder
from flashvdm_core.models.specs import TextEncoderSpec
from flashvdm_core.models.tokenizer import END, START

GOLDENS = Path(__file__).parents[1] / "parity" / "goldens"
INDEX: dict[str, Any] = {
    "_class_name": "TripoSGPipeline",
    "_diffusers_version": "0.30.3",
    "transformer": ["triposg.models.transformers.triposg_transformer", "TripoSGDiTModel"],
    "vae": ["triposg.models.autoencoders.autoencoder_kl_triposg", "TripoSGVAEModel"],
}


def golden(name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The config and the tensors of a golden case."""
    config = json.loads((GOLDENS / f"{name}.json").read_text(encoding="utf-8"))["config"]
    return config, load_file(GOLDENS / f"{name}.safetensors")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_tiny_triposg(folder: Path, *, with_encoder: bool = True) -> Path:
    """Write the layout of the repository to `folder` (made where missing); returns `folder`.

    The VAE is that of the pipeline's case, or another one with its encoder, which makes a blob of every latent.
    """
    config, tensors = golden("triposg_pipeline")
    write_json(folder / "model_index.json", INDEX)
    write_json(folder / "transformer" / "config.json", {"_class_name": "TripoSGDiTModel", **config["transformer"]})
    write_json(folder / "scheduler" / "scheduler_config.json", {"_class_name": "RectifiedFlowScheduler", **config["scheduler"]})
    write_json(folder / "image_encoder_dinov2" / "config.json", config["image_encoder_dinov2"])
    write_json(folder / "feature_extractor_dinov2" / "preprocessor_config.json", config["feature_extractor_dinov2"])
    parts = {
        part: {name.removeprefix(f"sd.{part}."): t for name, t in tensors.items() if name.startswith(f"sd.{part}.")}
        for part in ("transformer", "vae", "image_encoder_dinov2")
    }
    vae = config["vae"]
    if with_encoder:
        other, vae_tensors = golden("triposg_vae_decode")
        vae = other["vae"]
        parts["vae"] = {name.removeprefix("sd."): t for name, t in vae_tensors.items() if name.startswith("sd.")}
        _blob(parts["vae"], vae["num_layers_decoder"])
    write_json(folder / "vae" / "config.json", {"_class_name": "Tripo2VAEModel", **vae})  # as it is published
    for part, state in parts.items():
        name = "model" if part == "image_encoder_dinov2" else "diffusion_pytorch_model"
        save_file(state, folder / part / f"{name}.safetensors")
    return folder


def write_tiny_partcrafter(folder: Path, *, blob: bool = True) -> Path:
    """The same for the model that makes parts, with its golden denoiser; returns `folder`."""
    write_tiny_triposg(folder, with_encoder=blob)
    config, tensors = golden("partcrafter_dit")
    state = {name.removeprefix("sd."): tensor.float() for name, tensor in tensors.items() if name.startswith("sd.")}
    random = torch.Generator().manual_seed(0)
    for name in [name for name in state if ".attn2.to_k." in name or ".attn2.to_v." in name]:
        state[name] = torch.randn(16, 32, generator=random) * 0.2
    save_file(state, folder / "transformer" / "diffusion_pytorch_model.safetensors")
    sizes = config["transformer"] | {"cross_attention_dim": 32}
    write_json(folder / "transformer" / "config.json", {"_class_name": "PartCrafterDiTModel", **sizes})
    write_json(folder / "model_index.json", INDEX | {"_class_name": "PartCrafterPipeline"})
    return folder


def write_tiny_scribble(folder: Path) -> Path:
    """The same for the model of drawings and prompts, with random weights; returns `folder`."""
    write_tiny_triposg(folder)
    _, tensors = golden("triposg_dit_cross2")
    state = {name.removeprefix("sd."): tensor for name, tensor in tensors.items() if name.startswith("sd.")}
    random = torch.Generator().manual_seed(0)
    shapes = {"proj_in.weight": (32, 8), "proj_out.weight": (8, 32), "proj_out.bias": (8,)}
    shapes |= {name: (32, 32) for name in state if ".attn2_2.to_k." in name or ".attn2_2.to_v." in name}
    state |= {name: torch.randn(shape, generator=random) * 0.2 for name, shape in shapes.items()}
    save_file(state, folder / "transformer" / "diffusion_pytorch_model.safetensors")
    sizes = {"num_attention_heads": 2, "width": 32, "in_channels": 8, "num_layers": 3, "cross_attention_dim": 24}
    sizes |= {"use_cross_attention_2": True, "cross_attention_2_dim": 32}
    write_json(folder / "transformer" / "config.json", {"_class_name": "TripoSGDiTModel", **sizes})
    write_json(folder / "model_index.json", INDEX | {"_class_name": "TripoSGScribblePipeline"})
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "ca", "cat</w>", START, END]
    write_json(folder / "tokenizer" / "vocab.json", {token: number for number, token in enumerate(tokens)})
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\nc a\nca t</w>\n", encoding="utf-8")
    write_json(folder / "tokenizer" / "special_tokens_map.json", {"pad_token": {"content": "a"}})
    text = {"vocab_size": len(tokens), "hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "max_position_embeddings": 8, "layer_norm_eps": 1e-5}
    config = {"architectures": ["CLIPTextModelWithProjection"], "hidden_act": "gelu", "projection_dim": 16, **text}
    write_json(folder / "text_encoder" / "config.json", config)
    encoder = TextEncoder(TextEncoderSpec.from_config(text | {"quick_gelu": False}))
    state = {name: torch.randn(t.shape, generator=random) * 0.3 for name, t in encoder.state_dict().items()}
    save_file(state | {"text_projection.weight": torch.zeros(16, 24)}, folder / "text_encoder" / "model.safetensors")
    return folder


def _blob(vae: dict[str, Tensor], last: int) -> None:
    """Make the logit 4 (cos x + cos y + cos z - 2.75) plus a little of everything else; `last` is the block that points read."""
    cos_x = 3 + 3 * 8  # the features are x, y, z, then 8 sines for each, then 8 cosines for each
    query = vae["decoder.proj_query.weight"]
    query[:, 3:].unflatten(1, (6, 8))[..., 3:] = 0.0
    query[0] = 0.0
    query[0, [cos_x, cos_x + 8, cos_x + 16]] = 1.0
    vae["decoder.proj_query.bias"][0] = -2.75
    vae["decoder.norm_out.weight"][:], vae["decoder.norm_out.bias"][:] = 1.0, 0.0
    out = vae["decoder.proj_out.weight"]
    out.mul_(0.05)
    out[0, 0] = -4.0  # negative inside, as it is published
    vae["decoder.proj_out.bias"].zero_()
    for layer in ("attn2.to_out.0", "ff.net.2"):
        vae[f"decoder.blocks.{last}.{layer}.weight"].mul_(0.02)[0] = 0.0
        vae[f"decoder.blocks.{last}.{layer}.bias"].zero_()


def halved(folder: Path, part: str, factor: float = 1.0) -> None:
    """Put a part's weights in half precision beside them, times `factor`."""
    (path,) = (folder / part).glob("*.safetensors")
    state = {name: (tensor * factor).to(torch.float16) for name, tensor in load_file(path).items()}
    save_file(state, path.with_name(f"{path.stem}.fp16.safetensors"))

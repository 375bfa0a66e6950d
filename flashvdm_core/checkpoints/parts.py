"""What a checkpoint is made of before any weight is read: its config, its open files, and the VAE that decodes for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..api.errors import CheckpointError
from ..models.build import build_denoiser
from ..models.clip_text import TextEncoder
from ..models.conditioner import SingleImageEncoder
from ..models.dit import DiT
from ..models.dit_skip import SkipDiT
from ..models.pixel_aligned import PixelAlignedDecoder
from ..models.shape_vae import ShapeVAE
from ..models.specs import ModelSpec, ShapeVAESpec, TextEncoderSpec
from ..models.tokenizer import Tokenizer
from .config import read_config
from .diffusers_layout import TEXT, TOKENIZER, parts_of
from .folders import EMBEDDED, EMBEDDED_FOLDER, INDEX_NAME, PIXEL_ALIGNED_NAME, checkpoint_folder, config_of, folders_beside
from .layout import pixel_aligned_spec, read_model_spec, vae_spec
from .modules import CheckedModule, check_module
from .registry import KNOWN
from .renamed import RenamedWeights
from .tokenizer_files import read_tokenizer
from .weights import SafetensorsWeights, Weights, open_weights

ENCODER_NAMES = ("encoder.", "pre_kl.")


@dataclass(frozen=True, eq=False)
class VAEParts:
    """A VAE whose files fit its config.

    Attributes:
        folder: where it lies.
        name: what to call it before the user.
        module: without its encoder.
        why: why it is this one, in a few words.
    """

    folder: Path
    name: str
    module: CheckedModule[ShapeVAE]
    why: str

    @property
    def spec(self) -> ShapeVAESpec:
        """Its sizes."""
        return self.module.module.spec

    @property
    def description(self) -> str:
        """Which VAE it is, its point decoder, and why it is this one."""
        width = self.spec.point_decoder.inner_width
        return f"{self.name} ({self.why}; point decoder {width} wide, {self.spec.num_latents} tokens)"


@dataclass(frozen=True, eq=False)
class TextParts:
    """What reads a prompt: its tokenizer, and its encoder without its numbers."""

    tokenizer: Tokenizer
    encoder: CheckedModule[TextEncoder]


@dataclass(frozen=True, eq=False)
class CheckpointParts:
    """A checkpoint that was held against its config: names, shapes and kinds of all its weights are right.

    Attributes:
        folder: where it lies.
        spec: the model with the VAE that decodes for it.
        denoiser, image_encoder: its networks, without their numbers.
        vaes: what can decode for it, the one that is used first, the model's own last.
        problems: what is wrong with VAEs that would be used instead, a sentence each.
        pixel_aligned: what decodes in the place of these what is made from one picture, if the model has it.
        hint: what would make decoding faster; "" where nothing is known.
        text: what reads a prompt, where the model takes one.
    """

    folder: Path
    spec: ModelSpec
    denoiser: CheckedModule[DiT | SkipDiT]
    image_encoder: CheckedModule[SingleImageEncoder]
    vaes: tuple[VAEParts, ...]
    problems: tuple[str, ...]
    pixel_aligned: CheckedModule[PixelAlignedDecoder] | None
    hint: str
    text: TextParts | None = None

    @property
    def name(self) -> str:
        """What to call the model: its folder's name."""
        return model_name(self.folder)

    @property
    def weights(self) -> Weights:
        """The open file with the denoiser."""
        return self.denoiser.weights

    @property
    def stored_as(self) -> str:
        """The number formats of its weights, the commonest first: "float16"."""
        kinds = Counter(str(self.weights.dtype(name))[6:] for name in self.weights.names())
        return ", ".join(kind for kind, _ in kinds.most_common(3))


def model_name(folder: Path) -> str:
    """What to call the model in a folder."""
    return EMBEDDED if folder == EMBEDDED_FOLDER else folder.resolve().name


def open_parts(name_or_folder: str | Path, *, half: bool, vae_folder: Path | None = None) -> CheckpointParts:
    """Find out whether a checkpoint can be loaded, and with which VAE, from its configs and the heads of its files.

    The file's own VAE gives way to a stand-alone one with the efficient point decoder: the one in `vae_folder`, or one
    that lies beside the checkpoint's folder, belongs to the same latent space and is whole.

    Args:
        name_or_folder: see `checkpoint_folder`.
        half: prefer the files in half precision.

    Raises:
        CheckpointError: as `load_checkpoint`, but for numbers that are not finite.
    """
    folder = checkpoint_folder(name_or_folder)
    spec = read_model_spec(read_config(folder))
    weights = open_model_weights(folder, half=half)
    denoiser = check_module(lambda: build_denoiser(spec.dit), weights, "model.")
    image_encoder = check_module(lambda: SingleImageEncoder(spec.conditioner), weights, "conditioner.")
    if vae_folder is not None:
        asked_for = open_vae(vae_folder, half=half, why="as asked for")
        if not _same_latent_space(asked_for.spec, spec.vae):
            raise CheckpointError(f"The VAE in {vae_folder} belongs to another model than {folder}; choose the one made for it.")
        vaes, problems = [asked_for], []
    else:
        vaes, problems = _efficient_vaes(folder, spec.vae, half)
        try:
            module = check_module(lambda: ShapeVAE(spec.vae, with_encoder=False), weights, "vae.", unused=ENCODER_NAMES)
            vaes.append(VAEParts(folder, model_name(folder), module, "its own"))
        except CheckpointError:
            if not vaes:  # else it is not needed
                raise
    hint = "" if vaes[0].spec.geo_decoder_downsample_ratio > 1 else _hint(spec)
    used = replace(spec, vae=vaes[0].spec)
    if spec.pixel_aligned is not None and spec.pixel_aligned.variation > used.vae.embed_dim:
        raise CheckpointError(
            f"The pixel-aligned decoder in {folder} reads {spec.pixel_aligned.variation} numbers of a token that has "
            f"{used.vae.embed_dim}; correct 'variation' or 'embed_dim' in its config, or download it again."
        )
    aligned, text = open_pixel_aligned(folder), spec.text and _open_text(folder, spec.text, weights)
    return CheckpointParts(folder, used, denoiser, image_encoder, tuple(vaes), tuple(problems), aligned, hint, text)


def open_model_weights(folder: Path, *, half: bool) -> Weights:
    """The weights in a model's folder, whichever layout it has, under the names of the networks here.

    Arguments and errors as of `open_weights`.
    """
    if config_of(folder).name != INDEX_NAME:
        return open_weights(folder, half=half)
    opened = {name: (open_weights(folder / part.folder, half=half), part.naming) for name, part in parts_of(folder).items()}
    return RenamedWeights(opened)


def _open_text(folder: Path, spec: TextEncoderSpec, weights: Weights) -> TextParts:
    unused = ("text_projection.", "text_model.embeddings.position_ids")
    encoder = check_module(lambda: TextEncoder(spec), weights, f"{TEXT}.", unused=unused)
    return TextParts(read_tokenizer(folder / TOKENIZER, spec.max_position_embeddings), encoder)


def open_pixel_aligned(folder: Path) -> CheckedModule[PixelAlignedDecoder] | None:
    """The pixel-aligned decoder of a folder; None where its config names none.

    Raises:
        CheckpointError: as `open_parts`.
    """
    spec = pixel_aligned_spec(read_config(folder))
    if spec is None:
        return None
    return check_module(lambda: PixelAlignedDecoder(spec), SafetensorsWeights(folder / PIXEL_ALIGNED_NAME), "")


def open_vae(folder: Path, *, half: bool, with_encoder: bool = False, why: str = "") -> VAEParts:
    """The VAE of a folder, stand-alone (names without a prefix) or part of a whole checkpoint ("vae.").

    Raises:
        CheckpointError: its config or its files are missing or damaged, or do not fit together.
    """
    spec = vae_spec(read_config(folder))
    weights = open_model_weights(folder, half=half)
    prefix = "vae." if any(name.startswith("vae.") for name in weights.names()) else ""
    unused = () if with_encoder else ENCODER_NAMES
    module = check_module(lambda: ShapeVAE(spec, with_encoder=with_encoder), weights, prefix, unused=unused)
    return VAEParts(folder, folder.resolve().name, module, why)


def encoder_folder(name_or_folder: str | Path) -> Path:
    """Where the encoder of shapes for a checkpoint's latents is: in its own VAE, or in a stand-alone one beside it.

    Raises:
        CheckpointError: no encoder of the same latent space is found.
    """
    folder = checkpoint_folder(name_or_folder)
    own = vae_spec(read_config(folder))
    if has_encoder(folder):
        return folder
    for other, spec in _vaes_beside(folder, []):
        if _same_latent_space(spec, own):
            try:
                if has_encoder(other):
                    return other
            except CheckpointError:
                continue  # cut short, say: the model does without
    raise CheckpointError(
        f"The model '{model_name(folder)}' came without the encoder that starting from a mesh needs; put its VAE "
        "with encoder beside it, or choose another model."
    )


def has_encoder(folder: Path) -> bool:
    """Whether the VAE of a folder came with its encoder, which making shapes from images does not need."""
    return any(name.removeprefix("vae.").startswith(ENCODER_NAMES) for name in open_model_weights(folder, half=False).names())


def _efficient_vaes(folder: Path, own: ShapeVAESpec, half: bool) -> tuple[list[VAEParts], list[str]]:
    """Whole VAEs beside `folder` of the same latent space with a smaller point decoder; and what is wrong with others."""
    vaes: list[VAEParts] = []
    problems: list[str] = []
    if own.geo_decoder_downsample_ratio > 1:
        return vaes, problems
    for other, spec in _vaes_beside(folder, problems):
        if spec.geo_decoder_downsample_ratio > 1 and _same_latent_space(spec, own):
            try:
                vaes.append(open_vae(other, half=half, why="found beside it, with the efficient decoder"))
            except CheckpointError as error:
                problems.append(not_used(other, error))
    return vaes, problems


def not_used(vae: Path, error: CheckpointError) -> str:
    """What the user is told of a VAE beside the model that would have decoded faster."""
    return f"The VAE {vae.name} beside the model is not used: {error} Until it is whole or gone, another one decodes."


def _vaes_beside(folder: Path, problems: list[str]) -> Iterator[tuple[Path, ShapeVAESpec]]:
    """The folders beside `folder` with a stand-alone VAE, and its sizes; what is wrong with public ones goes into `problems`."""
    if folder == EMBEDDED_FOLDER:
        return
    for path in folders_beside(folder):
        try:
            config = read_config(path)
            if "model" not in config.sections:
                yield path, vae_spec(config)
        except CheckpointError as error:
            # A folder of something else is no error of the checkpoint that was asked for.
            if path.name in KNOWN and KNOWN[path.name].model is None:
                problems.append(not_used(path, error))


def _same_latent_space(a: ShapeVAESpec, b: ShapeVAESpec) -> bool:
    # Two VAEs of one latent space differ in their decoders and token counts; the scale is measured on the latents.
    return (a.embed_dim, a.scale_factor) == (b.embed_dim, b.scale_factor)


def _hint(spec: ModelSpec) -> str:
    """The public VAE that would decode faster for a model without one beside it."""
    names = (known.vae for known in KNOWN.values() if known.model is not None and known.vae and known.model.dit == spec.dit)
    name = next(names, "")
    return f"with {name} in the folder beside it decoding takes about a fifth of the time" if name else ""

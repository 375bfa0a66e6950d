"""Which folder a model is in, which weights it holds, and whether they are intact. Standard library only."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..files import is_dead_link, open_file, read_file, write_whole

EMBEDDED = "embedded"
"""Name of the model that comes with this package."""

EMBEDDED_FOLDER = Path(__file__).resolve().parent.parent / "embedded"

CONFIG_NAME = "config.yaml"

INDEX_NAME = "model_index.json"
"""What a folder in the layout of diffusers has in its place; each part of the model has a folder below it, with a config."""

PIPELINES = ("TripoSGPipeline", "TripoSGScribblePipeline", "PartCrafterPipeline", "Step1X3DGeometryPipeline")
"""What `INDEX_NAME` calls the models in that layout that can be used."""

PIXEL_ALIGNED_NAME = "pixel_aligned.safetensors"
"""The weights of a pixel-aligned decoder, beside those of the model."""

SUMS_NAME = "SHA256SUMS"
"""The hashes of a folder's weights, one line a file, as `sha256sum` writes and checks them."""

PICKLED = (".ckpt", ".bin")
"""How the names of weights end that PyTorch wrote; only tensors are read of them."""

WEIGHTS_NAMES = ("model", "pytorch_model", "diffusion_pytorch_model")

_SAMPLE = 1 << 20
_HEAD = 1 << 16
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.safetensors")
_MODEL_SECTION = re.compile(rb"""^["']?model["']?\s*:""", re.MULTILINE)
_PIPELINE = re.compile(rb'"_class_name"\s*:\s*"(' + "|".join(PIPELINES).encode() + rb')"')
_CONFIG_BYTES = 1 << 20
# A hub's cache is the deepest: hub/models--owner--name/snapshots/revision/model. Beyond so many folders, not a model's place.
_DEPTH, _MOST_FOLDERS = 5, 3000
_NOT_SEARCHED = frozenset({"blobs", "refs", "xet", "__pycache__", "node_modules"})
_SECTIONS = ("model", "vae", "conditioner", "scheduler", "image_processor", "defaults")


def checkpoint_folder(name_or_folder: str | Path) -> Path:
    """The folder that a setting "model" names.

    Beside the folder itself that may be one of its files, or a folder above it (a repository, a hub's cache) where no other
    model lies. Where several do, or none, it is what was named; `describe_folder` says so then.
    """
    if str(name_or_folder) == EMBEDDED:
        return EMBEDDED_FOLDER
    chosen = Path(name_or_folder)
    try:
        chosen = chosen.expanduser()
        if config_of(chosen).exists():
            return chosen
        if _is_part(chosen):
            return chosen.parent
        if chosen.is_file():
            return _owner(chosen)
        found = models_below(chosen)
    except (OSError, ValueError, RuntimeError):  # no path at all; or a home that is not known
        return chosen
    return found[0] if len(found) == 1 else chosen


def config_of(folder: Path) -> Path:
    """The file that says what the model in a folder is; it need not be there."""
    index = folder / INDEX_NAME
    return index if os.path.exists(index) and not os.path.exists(folder / CONFIG_NAME) else folder / CONFIG_NAME


def files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """The configs and the weights of the model in a folder, whichever layout it has; by name, each."""
    config = config_of(folder)
    if config.name == CONFIG_NAME:
        return [config], weights_files(folder)
    parts = _folders_in(folder)
    return [config, *(path for part in parts for path in sorted(part.glob("*.json")))], [
        path for part in parts for path in weights_files(part)
    ]


def models_below(folder: Path) -> list[Path]:
    """The folders below `folder` that hold the config of a whole model, a few levels deep; of revisions the current one."""
    found: dict[str, Path] = {}
    level, seen = [folder], 0
    for _ in range(_DEPTH):
        following: list[Path] = []
        for parent in level:
            for path in _folders_in(parent):
                if _holds_model(path):
                    found.setdefault(os.path.realpath(path), path)
                else:
                    following.append(path)
        level, seen = following, seen + len(following)
        if seen > _MOST_FOLDERS:
            break
    return _current_revisions(list(found.values()))


def describe_folder(folder: Path) -> str:
    """Why `folder`, which has no config.yaml, is no checkpoint, and what to choose instead."""
    from .registry import KNOWN

    for known in KNOWN.values():
        if folder.as_posix() in (known.name, known.repository, f"{known.repository}/{known.name}"):
            return (
                f"There is no checkpoint folder {folder}: that is the name of a public model; download it from "
                f"https://huggingface.co/{known.repository} and choose its folder."
            )
    try:
        if folder.is_file():
            return (
                f"{folder} is a file without its config.yaml beside it; choose a folder that has both it and model.safetensors."
            )
        if not folder.is_dir():
            return f"There is no checkpoint folder {folder}; choose a folder with config.yaml and model.safetensors."
        if is_dead_link(folder / "config.yaml"):
            return f"{folder / 'config.yaml'} is a link to a file that is gone; download the model again."
        found, weights = models_below(folder), weights_files(folder)
    except (OSError, ValueError):
        return f"There is no checkpoint folder {folder}; choose a folder with config.yaml and model.safetensors."
    if found:
        names = [path.relative_to(folder).as_posix() for path in found[:8]]
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        return f"{folder} holds no config.yaml, but folders of several models; choose one of them: {', '.join(names)}{more}."
    if weights:
        return (
            f"{folder} holds no config.yaml beside {weights[0].name}; put the one that was published with it there (a file "
            "repackaged for another program cannot be used)."
        )
    return f"{folder} holds no config.yaml; choose the folder that has it beside model.safetensors."


def weights_files(folder: Path) -> list[Path]:
    """The files of a folder that may hold its weights, by name: model*.safetensors, else any other, else pickled ones."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".safetensors", *PICKLED))
    except OSError:
        return []
    safetensors = [path for path in paths if path.suffix == ".safetensors"]
    named = [path for path in safetensors if path.name.startswith(WEIGHTS_NAMES)]
    return named or safetensors or [path for path in paths if path.name.startswith(WEIGHTS_NAMES)]


def shards_of(weights: Path) -> list[Path]:
    """All files that weights are in which were published in several, whether they are there or not; else the one."""
    shard = _SHARD.fullmatch(weights.name)
    if shard is None or not 0 < int(shard["count"]) < 1000:
        return [weights]
    names = (f"{shard['stem']}-{number:05}-of-{shard['count']}.safetensors" for number in range(1, int(shard["count"]) + 1))
    return [weights.with_name(name) for name in names]


def weights_identity(folder: Path) -> str:
    """A SHA-256 in hexadecimal that differs between models, wherever their folders are; "" where there are no weights.

    It is over what the config says, not how it is written, and the size, the first and the last MiB of each weights file:
    another training changes every tensor, and files of several gigabytes would take too long.
    """
    configs, weights = files_of(folder)
    digest, found = hashlib.sha256(), False
    for config in configs:
        digest.update(_config_content(config))
    for path in (*weights, folder / PIXEL_ALIGNED_NAME):
        if path.is_file():
            found = True
            _add_sample(digest, path)
    return digest.hexdigest() if found else ""


def former_identity(folder: Path) -> str:
    """What `weights_identity` was before it left out names of files and the config's comments: kept latents may have it."""
    paths = [path for path in sorted(folder.glob("*")) if path.suffix in (".yaml", ".safetensors", ".ckpt") and path.is_file()]
    digest = hashlib.sha256()
    for path in paths:
        _add_sample(digest, path, path.name)
    return digest.hexdigest() if paths else ""


def folders_beside(folder: Path) -> list[Path]:
    """The folders beside `folder` that have a config, itself among them."""
    try:
        return [path.parent for path in sorted(folder.resolve().parent.glob(f"*/{CONFIG_NAME}"))]
    except OSError:
        return []


def files_state(folder: Path) -> str:
    """Another text whenever a file that a model may be loaded from has changed: its folder's, or a VAE's beside it.

    It is over their names, sizes, times and first bytes; "" where the folder holds no model any more.
    """
    digest = hashlib.sha256()
    if not os.path.exists(config_of(folder)) or not files_of(folder)[1]:
        return ""
    beside = () if folder == EMBEDDED_FOLDER else (place for place in folders_beside(folder) if not _holds_model(place))
    for place in (folder, *beside):
        configs, weights = files_of(place)
        for path in sorted((*configs, place / PIXEL_ALIGNED_NAME, *weights)):
            with contextlib.suppress(OSError), open_file(path) as file:
                status = os.fstat(file.fileno())
                digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
                digest.update(file.read(_HEAD))
    return digest.hexdigest()


def write_sums(folder: Path) -> None:
    """Write the hashes of the weights in `folder` beside them."""
    lines = [f"{_sha256(path)}  {path.name}\n" for path in sorted(folder.glob("*.safetensors"))]
    write_whole(folder / SUMS_NAME, lambda part: part.write_text("".join(lines), encoding="ascii", newline="\n"))


def damaged_weights(folder: Path) -> list[str] | None:
    """Names of the weights files that are missing or not as they were written; None where no hashes are known."""
    try:
        lines = read_file(folder / SUMS_NAME, _SAMPLE).decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    sums = {name.strip(): digest for digest, _, name in (line.partition(" ") for line in lines)}
    return [name for name, digest in sums.items() if not (folder / name).is_file() or _sha256(folder / name) != digest]


def _sha256(path: Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_sample(digest: hashlib._Hash, path: Path, name: str = "") -> None:
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(f"{name}\0{size}\0".encode(errors="surrogateescape"))
        digest.update(file.read(_SAMPLE))
        file.seek(max(size - _SAMPLE, 0))
        digest.update(file.read(_SAMPLE))


def _config_content(config: Path) -> bytes:
    """What the sections that decide a model say, in one spelling; the file as it is where it cannot be read so."""
    try:
        text = read_file(config, _CONFIG_BYTES)
    except OSError:
        return b""
    try:
        from .config import parse_yaml

        data = parse_yaml(text.decode("utf-8-sig"))
        return json.dumps({name: data[name] for name in _SECTIONS if name in data} or data, sort_keys=True).encode()
    except (ImportError, TypeError, ValueError, RecursionError):
        return text


def _folders_in(folder: Path) -> Sequence[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(e.name for e in entries if e.name[0] != "." and e.name not in _NOT_SEARCHED and e.is_dir())
    except OSError:
        return []
    return [folder / name for name in names]


def _holds_model(folder: Path) -> bool:
    config = config_of(folder)
    known = _MODEL_SECTION if config.name == CONFIG_NAME else _PIPELINE
    try:
        with open_file(config) as file:
            return known.search(file.read(_CONFIG_BYTES)) is not None
    except OSError:
        return False


def _is_part(folder: Path) -> bool:
    """Whether a folder that was chosen is a part of a model in the layout of diffusers."""
    return config_of(folder.parent).name == INDEX_NAME and folder.is_dir() and _holds_model(folder.parent)


def _owner(file: Path) -> Path:
    """The folder of the model that a chosen file is one of; the file itself where it is of none."""
    for folder in file.parents[:2]:
        if config_of(folder).is_file():
            configs, weights = files_of(folder)
            return folder if file in configs or file in weights else file
    return file


def _current_revisions(models: Sequence[Path]) -> list[Path]:
    """Of what a hub's cache holds in several revisions that which its branch "main" is at, else the newest."""
    revisions: dict[tuple[str, ...], list[Path]] = {}
    for path in models:
        revisions.setdefault(_without_revision(path), []).append(path)
    return [max(paths, key=_currentness) for paths in revisions.values()]


def _without_revision(path: Path) -> tuple[str, ...]:
    parts = path.parts
    if "snapshots" not in parts[:-1]:
        return parts
    place = len(parts) - 1 - parts[::-1].index("snapshots")
    return (*parts[: place + 1], "", *parts[place + 2 :])


def _currentness(model: Path) -> tuple[bool, float]:
    parts = model.parts
    if "snapshots" not in parts[:-1]:
        return True, 0.0
    place = len(parts) - 1 - parts[::-1].index("snapshots")
    try:
        main = read_file(Path(*parts[:place], "refs", "main"), _CONFIG_BYTES).decode("ascii", "replace").strip()
    except OSError:
        main = ""
    return parts[place + 1] == main, config_of(model).stat().st_mtime

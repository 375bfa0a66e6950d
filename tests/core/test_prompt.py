"""A model of drawings and prompts: what its text encoder reads and makes, and a shape of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flashvdm_core.api.errors import CheckpointError
from flashvdm_core.api.events import Result
from flashvdm_core.api.tasks import Request
from flashvdm_core.checkpoints import load_checkpoint
from flashvdm_core.checkpoints.convert import Form, convert
from flashvdm_core.image import DrawingProcessor
from flashvdm_core.models.clip_text import TextEncoder
from flashvdm_core.models.specs import TextEncoderSpec
from flashvdm_core.models.tokenizer import END, START, Tokenizer
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.runtime.memory.requirements import memory_requirements

from .tiny_triposg import write_tiny_scribble

LETTERS = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]
MERGES = [("c", "a"), ("ca", "t</w>"), ("w", "i"), ("wi", "n"), ("win", "g"), ("wing", "s</w>"), ("a", "a"), ("aa", "aa</w>")]
VOCABULARY = {token: number for number, token in enumerate(
    [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), *(a + b for a, b in MERGES), "aa</w>", START, END]
)}  # fmt: skip


def tokens(text: str, length: int = 20) -> list[str]:
    names = {number: token for token, number in VOCABULARY.items()}
    return [names[number] for number in Tokenizer(VOCABULARY, MERGES, length)(text)]


def test_words_become_the_longest_tokens_that_the_list_knows():
    assert tokens("A cat with  WINGS", 8) == [START, "a</w>", "cat</w>", "wi", "t", "h</w>", "wings</w>", END]
    assert tokens("aaa", 6) == [START, "aa", "a</w>", END, END, END]


def test_what_is_no_letter_and_what_is_another_script_keeps_its_bytes():
    assert tokens("cat's 12", 8) == [START, "cat</w>", "'", "s</w>", "1</w>", "2</w>", END, END]
    # Ideographs are words of their own; three bytes each.
    found = tokens("日本", 8)
    assert found[0] == START
    assert found[7] == END
    assert [token.endswith("</w>") for token in found[1:7]] == [False, False, True] * 2


def test_a_long_text_is_cut_and_still_ends():
    assert len(tokens("cat " * 50, 12)) == 12
    assert tokens("cat " * 50, 12)[-1] == END


@pytest.mark.parametrize("quick", [True, False])
def test_a_token_reads_those_before_it_alone(quick):
    torch.manual_seed(0)
    encoder = TextEncoder(TextEncoderSpec(50, 32, 64, 2, 4, 10, quick_gelu=quick)).eval()
    ids = torch.randint(0, 50, (1, 10))
    before = encoder(ids)
    ids[0, 6] = (ids[0, 6] + 1) % 50
    after = encoder(ids)
    torch.testing.assert_close(after[:, :6], before[:, :6])
    assert not torch.allclose(after[:, 6:], before[:, 6:])


def test_a_drawing_counts_as_a_whole():
    drawing = np.full((64, 32, 4), 255, np.uint8)
    drawing[20:40, 10:20, :3] = 0
    drawing[:10, :, 3] = 0
    pixels = DrawingProcessor(48, 64)(drawing)
    assert pixels.shape == (1, 3, 48, 48)
    assert pixels.max() == 1
    assert pixels[0, :, 20, 20].max() < -0.9  # where it was drawn, the picture in the middle of a square
    assert (pixels[0, :, :, :4] == 1).all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_scribble(tmp_path / "TripoSG-scribble")


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    picture = np.full((40, 40, 3), 255, np.uint8)
    picture[10:30, 18:22] = 0
    Image.fromarray(picture).save(tmp_path / "drawing.png")
    return tmp_path / "drawing.png"


def latents(folder: Path, drawing: Path, prompt: str) -> np.ndarray:
    settings = {"model": str(folder), "prompt": prompt, "steps": 2, "resolution": 24, "preview": False}
    *_, result = Pipeline().generate(Request({"front": str(drawing)}, settings, keep_latents=True))
    assert isinstance(result, Result), result
    assert len(result.mesh.faces) > 100
    assert result.colouring is None
    assert result.settings.guidance == 1.0
    assert result.latents is not None
    return result.latents


def test_a_shape_comes_of_a_drawing_and_a_prompt(folder: Path, drawing: Path) -> None:
    cat, dog = latents(folder, drawing, "a cat"), latents(folder, drawing, "a dog")
    assert cat.shape == (512, 8)
    assert np.abs(cat - dog).max() > 1e-3


def test_the_folder_says_how_it_is_run(folder: Path) -> None:
    model = load_checkpoint(folder, torch.device("cpu"), torch.float32)
    assert (model.default_steps, model.default_guidance, model.num_latents) == (16, 1.0, 512)
    spec = model.spec
    assert (spec.dit.cross_scale, spec.dit.cross_scale_2, spec.processor.drawing) == (1.0, 0.4, True)
    assert model.prompt is not None
    assert model.prompt.tokenizer("cat")[-1] == 0  # filled up by the token that its config names
    counted = memory_requirements(spec, torch.float32, 32)[0].weights
    assert counted == 4 * sum(parameter.numel() for parameter in model.encoders.parameters())


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "tokenizer" / "vocab.json").unlink(), r"There is no file .*vocab\.json"),
        (lambda f: (f / "tokenizer" / "vocab.json").write_text("[]"), "holds no tokenizer"),
        (lambda f: (f / "tokenizer" / "vocab.json").write_text('{"a": 0}'), "holds no tokenizer"),
        (lambda f: (f / "text_encoder" / "config.json").unlink(), r"There is no file .*config\.json"),
        (lambda f: (f / "text_encoder" / "model.safetensors").unlink(), "holds no model"),
    ],
)
def test_a_spoilt_folder_is_one_sentence(folder: Path, spoil, sentence: str) -> None:
    spoil(folder)
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(folder, torch.device("cpu"), torch.float32)


def test_it_says_that_it_cannot_be_converted(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="takes a prompt, too"):
        convert(folder, tmp_path / "small", Form.FLOAT16)

"""Reading a published tokenizer: `vocab.json`, `merges.txt`, and what fills a text up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..api.errors import CheckpointError
from ..api.fields import parse_json
from ..files import read_file
from ..models.tokenizer import END, Tokenizer

_MAX_BYTES = 1 << 24
_CONFIGS = ("tokenizer_config.json", "special_tokens_map.json")


def read_tokenizer(folder: Path, length: int) -> Tokenizer:
    """The tokenizer in a folder, for texts of `length` tokens.

    Raises:
        CheckpointError: a file is missing or cannot be read, or it is none.
    """
    try:
        vocabulary = parse_json(read_file(folder / "vocab.json", _MAX_BYTES).decode("utf-8"))
        lines = read_file(folder / "merges.txt", _MAX_BYTES).decode("utf-8").splitlines()
        pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        if not isinstance(vocabulary, dict) or not all(len(pair) == 2 for pair in pairs):
            raise ValueError("no tokenizer")
        if not all(isinstance(number, int) for number in vocabulary.values()):
            raise ValueError("no numbers")
        merges = [(first, second) for first, second in pairs]
        return Tokenizer(vocabulary, merges, length, _filler(folder, vocabulary))
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {error.filename}; download the model again, its tokenizer included.") from None
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read ({error.strerror}); check its permissions and its disk.") from error
    except (ValueError, KeyError) as error:
        raise CheckpointError(f"{folder} holds no tokenizer that can be used ({error}); download it again.") from error


def _filler(folder: Path, vocabulary: dict[str, Any]) -> str:
    """The token that fills a short text up, as one of the configs says it."""
    for name in _CONFIGS:
        try:
            token = parse_json(read_file(folder / name, _MAX_BYTES).decode("utf-8")).get("pad_token")
        except (OSError, ValueError, AttributeError):
            continue
        content = token.get("content") if isinstance(token, dict) else token
        if content in vocabulary:
            return str(content)
    return END

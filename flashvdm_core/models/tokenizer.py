"""A text -> the numbers of its tokens, as CLIP's text encoders read them: pairs of bytes merged by a learned list."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

START, END = "<|startoftext|>", "<|endoftext|>"
_END_OF_WORD = "</w>"
_IDEOGRAPH = "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]"
# Endings that English cuts off, ideographs and digits one by one, and runs of letters or of anything else.
_WORDS = re.compile(rf"'s|'t|'re|'ve|'m|'ll|'d|{_IDEOGRAPH}|(?:(?!{_IDEOGRAPH})[^\W\d_])+|\d|(?:[^\s\w]|_)+")
_PLAIN = (range(ord("!"), ord("~") + 1), range(ord("¡"), ord("¬") + 1), range(ord("®"), ord("ÿ") + 1))


class Tokenizer:
    """The tokenizer of a published text encoder.

    Attributes:
        length: tokens of an encoded text; a longer one is cut, a shorter one filled up.
    """

    def __init__(self, vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]], length: int, filler: str = END) -> None:
        """`vocabulary` has the number of each token, `merges` pairs in the order in which they are merged.

        Raises:
            KeyError: the vocabulary lacks a token that every text needs.
        """
        self.length = length
        self._numbers = vocabulary
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._letters = _letters()
        self._start, self._end, self._filler = vocabulary[START], vocabulary[END], vocabulary[filler]

    def __call__(self, text: str) -> list[int]:
        """`length` numbers: start, the text's tokens, end, and fillers."""
        found = [self._numbers.get(token, self._end) for word in self._words(text) for token in self._merged(word)]
        whole = [self._start, *found[: self.length - 2], self._end]
        return whole + [self._filler] * (self.length - len(whole))

    def _words(self, text: str) -> Iterator[list[str]]:
        """The words of a text, each as letters that stand for its bytes; the last one ends the word."""
        for word in _WORDS.findall(unicodedata.normalize("NFC", text).lower()):
            letters = [self._letters[byte] for byte in word.encode("utf-8", "replace")]
            letters[-1] += _END_OF_WORD
            yield letters

    def _merged(self, parts: list[str]) -> list[str]:
        """Merge neighbours, those first that come first in the list, until none of them is in it."""
        while len(parts) > 1:
            best = min(pairwise(parts), key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if best not in self._ranks:
                break
            merged: list[str] = []
            rest = iter(parts)
            for part in rest:
                after = next(rest, None)
                while after is not None and (part, after) != best:
                    merged.append(part)
                    part, after = after, next(rest, None)
                merged.append(part if after is None else part + after)
            parts = merged
        return parts


def _letters() -> dict[int, str]:
    """Byte -> the letter that stands for it: itself where it is printable, else one beyond all bytes."""
    plain = [byte for span in _PLAIN for byte in span]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + number) for number, byte in enumerate(others)}

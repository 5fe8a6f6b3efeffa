"""Small models of sequences and drawn documents, for tests of running text."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document
from andornot.models.sequences.protocol import Tokens

NAMES = ["sea", "hill", "we", "saw", "old", "days", "the", "is", "on", "that"]


class Pieces:
    """Cuts words into pieces of three letters; its units know pieces, and the one before.

    Unit 0 follows ``sea`` (with a little noise), unit 1 what is behind it, units 2 and 3 are noise
    that hangs on the piece and the one before; the layer ``place`` gives the place in the window.
    """

    layers, fingerprint, context, skip_first = ("pieces", "place"), "pieces 1", 16, False
    pattern = re.compile(r" ?\w{1,3}|[^\w ]| ")

    def tokenize(self, text):
        found = [(self.number(m[0]), *m.span(), m[0]) for m in self.pattern.finditer(text)]
        return Tokens.of(found)

    def number(self, piece):
        return sum(ord(sign) * 31**i for i, sign in enumerate(piece)) % 9973

    def record(self, windows, layers):
        sea = self.number(" sea")
        found = {"pieces": [], "place": []}
        for ids in windows:
            here = (ids == sea).astype(np.float32)
            before = np.append(0, here[:-1])
            noise = (ids * 7919 + np.append(0, ids[:-1]) * 104729) % 1009 / 1009
            found["pieces"].append(
                np.stack([here + noise / 10, before + noise / 10, noise, 1 - noise], axis=1)
            )
            found["place"].append(np.arange(len(ids))[:, None])
        return {layer: np.concatenate(found[layer]) for layer in layers}


class Signs:
    """Reads each sign as its bytes, as byte-level tokenizers do with what they rarely saw."""

    layers, fingerprint, context, prefix = ("bytes",), "bytes 1", None, (1, 2)

    def tokenize(self, text):
        return Tokens.of(
            [
                (byte, i, i + 1, f"<{byte:02X}>")
                for i, sign in enumerate(text)
                for byte in sign.encode("utf-8")
            ]
        )

    def record(self, windows, layers):
        assert all(ids[:2].tolist() == [1, 2] for ids in windows)
        return {layer: np.concatenate(windows)[:, None].astype(np.float32) for layer in layers}


def drawn_documents(n=40, seed=0, end=""):
    """Documents of drawn words, of several lengths."""
    rng = np.random.default_rng(seed)
    texts = (" ".join(rng.choice(NAMES, 30 + i % 7)) + end for i in range(n))
    return SequenceData(
        Path("drawn"), "texts", tuple(Document(f"d{i}", text) for i, text in enumerate(texts))
    )

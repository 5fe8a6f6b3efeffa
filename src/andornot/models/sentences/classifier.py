"""The paper's classifier as a ``PairModel``: it encodes and batches pairs, and records units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from andornot.models.record import choose_device
from andornot.models.sentences.hooks import caught, inference, wanted
from andornot.models.sentences.model import EntailmentNet
from andornot.models.sentences.protocol import Pairs, RecordedPairs
from andornot.models.sentences.vocabulary import Vocabulary
from andornot.models.threads import threads
from andornot.models.weights import fingerprint

BATCH = 256
"""Pairs in one forward pass, of recording and of validation."""


class PairClassifier:
    """An ``EntailmentNet`` with its vocabulary; a ``TokenModel``.

    Its layers are the ReLUs of the perceptron (``mlp.1`` and so on; the last is the one that
    the paper explains), its token layer the states of the encoder.
    """

    def __init__(self, module: EntailmentNet, vocabulary: Vocabulary, device: str = "auto") -> None:
        """Put a network and its words together.

        Args:
            module: the network; it is moved to the device and put in evaluation mode.
            vocabulary: its words, as many as the embedding has rows.
            device: ``auto`` (CUDA if there is one), or a torch device such as ``cuda:1``.

        Raises:
            OptionError: there is no such device.
        """
        self.device = choose_device(device)
        self.module = module.to(self.device).eval()
        self.vocabulary = vocabulary

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class, in the order of the logits."""
        return self.module.config.classes

    @property
    def layers(self) -> tuple[str, ...]:
        """Paths of the perceptron's ReLU layers, the first one first."""
        parts = self.module.mlp.named_children()
        return tuple(f"mlp.{name}" for name, part in parts if isinstance(part, nn.ReLU))

    @property
    def token_layers(self) -> tuple[str, ...]:
        """Path of the encoder, whose units have a state at each token."""
        return ("encoder.rnn",)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the configuration, the words and the weights."""
        source = f"{self.module.config} {self.vocabulary}"
        return fingerprint(self.module, source.encode())

    def record(self, pairs: Pairs, layers: Sequence[str]) -> RecordedPairs:
        """Record one value for each pair and unit.

        Args:
            pairs: any number, also many; they go through the network in small batches.
            layers: some of ``layers``.

        Raises:
            ModelError: there is no such layer.
        """
        modules = wanted(self.module, layers, self.layers)
        found: dict[str, list[Tensor]] = {layer: [] for layer in layers}
        logits = []
        with threads(1), inference(self.module), caught(modules) as outputs:
            for batch in batches(pairs):
                logits.append(self.module(*self.encode(batch)).cpu())
                for layer in layers:
                    found[layer].append(outputs[layer])
        units = {layer: _joined(values)[:, :, None, None] for layer, values in found.items()}
        return RecordedPairs(units, _joined(logits))

    def record_tokens(
        self, pairs: Pairs, layers: Sequence[str]
    ) -> dict[str, list[NDArray[np.float32]]]:
        """Record the encoder's state at each token, the forward direction's units first.

        Args:
            pairs: any number.
            layers: some of ``token_layers``.

        Returns:
            for each layer and pair float32 of shape (tokens, units): the premise's tokens, then
            the hypothesis's.

        Raises:
            ModelError: there is no such layer.
        """
        modules = wanted(self.module, layers, self.token_layers)
        found: dict[str, list[NDArray[np.float32]]] = {layer: [] for layer in layers}
        with threads(1), inference(self.module), caught(modules) as outputs:
            for batch in batches(pairs):
                self.module.encoder(*self.encode(batch))
                for layer in layers:
                    found[layer] += _by_pair(outputs[layer].numpy(), batch)
        return found

    def encode(self, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Turn pairs into the network's input: all premises, then all hypotheses."""
        rows = encode_pairs(pairs, self.vocabulary)
        return pad_rows(rows, self.vocabulary.padding, self.device)


def encode_pairs(pairs: Pairs, vocabulary: Vocabulary) -> list[list[int]]:
    """Rows of the embedding for all premises, then for all hypotheses."""
    sentences = [pair.premise for pair in pairs] + [pair.hypothesis for pair in pairs]
    return [vocabulary.encode(sentence.tokens) for sentence in sentences]


def pad_rows(
    rows: Sequence[Sequence[int]], padding: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Fill sentences up to one length: int64 (n, longest), and their own lengths (n,).

    The lengths stay on the CPU, where packing wants them.
    """
    lengths = torch.tensor([len(sentence) for sentence in rows])
    padded = torch.full((len(rows), int(lengths.max())), padding)
    for row, sentence in zip(padded, rows, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    return padded.to(device), lengths


def batches(pairs: Pairs) -> Iterator[Pairs]:
    """Cut pairs into batches for forward passes."""
    for start in range(0, len(pairs), BATCH):
        yield pairs[start : start + BATCH]


def _by_pair(states: NDArray[np.float32], pairs: Pairs) -> list[NDArray[np.float32]]:
    """Cut the padding off, and put each pair's two sentences together."""
    premises, hypotheses = states[: len(pairs)], states[len(pairs) :]
    return [
        np.concatenate([p[: len(pair.premise.tokens)], h[: len(pair.hypothesis.tokens)]])
        for pair, p, h in zip(pairs, premises, hypotheses, strict=True)
    ]


def _joined(parts: Sequence[Tensor]) -> NDArray[np.float32]:
    values: NDArray[np.float32] = torch.cat(list(parts)).contiguous().numpy()
    return values

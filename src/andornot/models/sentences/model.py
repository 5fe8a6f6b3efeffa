"""The network of the paper's Section 3: a sentence encoder, and a perceptron on two sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from andornot._tools.checks import is_one_of, number, several, texts, whole_number
from andornot.data.sentences.pairs import LABELS
from andornot.errors import ModelError, OptionError

Pooling = Literal["max", "last"]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "paper": {},
    "published-code": {
        "state": 512, "bidirectional": False, "pooling": "last", "hidden": (1024,),
    },
}  # fmt: skip
"""Networks by name, as they differ from the defaults of :class:`Config`."""


@dataclass(frozen=True)
class Config:
    """Everything that shapes the network but its weights. The defaults are the paper's sizes.

    They are given in section 3 of the paper.

    Attributes:
        embedding: length of a word's vector.
        state: length of the encoder's state in each direction.
        bidirectional: read each sentence in both directions.
        pooling: a sentence is the largest value over its words (``max``), or the state after
            its last word (``last``; the backward direction's after the first).
        hidden: width of each layer of the perceptron; the last one's units are explained.
        dropout: share of values that training drops, on the perceptron's input and its layers.
        classes: name of each class, in the order of the logits.

    Raises:
        ModelError: a value is out of range.
        OptionError: a value is of a wrong kind.

    Examples:
        >>> Config(embedding=50, hidden=(64,)).classes
        ('entailment', 'neutral', 'contradiction')
    """

    embedding: int = 300
    state: int = 256
    bidirectional: bool = True
    pooling: Pooling = "max"
    hidden: tuple[int, ...] = (1024, 1024)
    dropout: float = 0.1
    classes: tuple[str, ...] = LABELS

    def __post_init__(self) -> None:
        hidden = several(self.hidden, "hidden")
        sizes = [
            whole_number(size, "a size of the network")
            for size in (self.embedding, self.state, *hidden)
        ]
        if min(*sizes, len(texts(self.classes, "classes"))) < 1 or not hidden:
            raise ModelError(f"Every size of the network must be at least 1: change {self}.")
        if not is_one_of(self.pooling, get_args(Pooling)):
            raise ModelError(f"Pooling {self.pooling!r} is unknown: choose max or last.")
        if not 0 <= number(self.dropout, "dropout") < 1:
            raise ModelError(f"Dropout is {self.dropout}, but must be at least 0 and under 1.")

    @property
    def sentence(self) -> int:
        """Length of a sentence's representation."""
        return self.state * (2 if self.bidirectional else 1)

    @classmethod
    def preset(cls, name: str) -> Self:
        """Give a published network: ``paper`` (its text) or ``published-code`` (what it ran).

        Raises:
            OptionError: there is no such preset.

        Examples:
            >>> Config.preset("paper").hidden
            (1024, 1024)
        """
        if not is_one_of(name, list(PRESETS)):
            raise OptionError(f"network {name!r} is unknown; choose one of {', '.join(PRESETS)}")
        return cls(**PRESETS[name])

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make one from ``dataclasses.asdict``, also after a way through JSON.

        Raises:
            ModelError: a value is missing a name, or cannot be used.
        """
        lists = {key: tuple(values[key]) for key in ("hidden", "classes") if key in values}
        try:
            return cls(**{**values, **lists})
        except (TypeError, OptionError) as error:
            raise ModelError(f"The network's sizes cannot be read: {error}.") from error

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor], pooling: Pooling = "max") -> Self:
        """Read the sizes off a state dict.

        Raises:
            ModelError: a weight that tells a size is missing.
        """
        try:
            # by number: as text, mlp.10 would come before mlp.3
            names = sorted((k for k in weights if k.startswith("mlp.") and k.endswith(".weight")),
                           key=lambda k: int(k.split(".")[1]))  # fmt: skip
            *hidden, classes = (len(weights[name]) for name in names)
            return cls(
                embedding=weights["encoder.emb.weight"].shape[1],
                state=weights["encoder.rnn.weight_hh_l0"].shape[1],
                bidirectional="encoder.rnn.weight_hh_l0_reverse" in weights,
                pooling=pooling,
                hidden=tuple(hidden),
                classes=LABELS if classes == len(LABELS) else _numbered(classes),
            )
        except (KeyError, ValueError, IndexError) as error:
            raise ModelError(
                "These are not the weights of a sentence-pair classifier of ours, which has "
                "encoder.emb, encoder.rnn, bn and mlp.0: choose another file."
            ) from error


class SentenceEncoder(nn.Module):
    """Words to one vector for each sentence, by an LSTM."""

    def __init__(self, config: Config, words: int, padding: int) -> None:
        super().__init__()
        self.emb = nn.Embedding(words, config.embedding, padding_idx=padding)
        self.rnn = nn.LSTM(
            config.embedding, config.state, batch_first=True, bidirectional=config.bidirectional
        )
        self.pooling = config.pooling

    def forward(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Encode sentences.

        Args:
            rows: int64 (n, longest), rows of the embedding, filled up with the padding row.
            lengths: int64 (n,), number of words of each, at least 1.

        Returns:
            float32 (n, ``config.sentence``).
        """
        packed = pack_padded_sequence(
            self.emb(rows), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, (last, _) = self.rnn(packed)
        if self.pooling == "last":
            return torch.cat(tuple(last), 1)
        # so that no padding is the largest
        padded, _ = pad_packed_sequence(states, batch_first=True, padding_value=-torch.inf)
        return padded.amax(1)


class EntailmentNet(nn.Module):
    """Premise and hypothesis to the logits of the classes.

    The perceptron ``mlp`` reads [u, v, u - v, u * v] of the two sentences' representations,
    after batch normalisation; it repeats Linear, ReLU, Dropout and ends in a Linear.
    """

    def __init__(self, config: Config, words: int, padding: int = 0) -> None:
        super().__init__()
        self.config = config
        self.encoder = SentenceEncoder(config, words, padding)
        self.bn = nn.BatchNorm1d(4 * config.sentence)
        self.dropout = nn.Dropout(config.dropout)
        widths = (4 * config.sentence, *config.hidden)
        layers: list[nn.Module] = []
        for inputs, outputs in zip(widths, config.hidden, strict=False):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(config.dropout)]
        self.mlp = nn.Sequential(*layers, nn.Linear(widths[-1], len(config.classes)))

    def forward(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Classify pairs.

        Args:
            rows: int64 (2 n, longest), all premises and after them all hypotheses.
            lengths: int64 (2 n,).

        Returns:
            logits, float32 (n, classes).
        """
        u, v = self.encoder(rows, lengths).chunk(2)
        pair = self.dropout(self.bn(torch.cat([u, v, u - v, u * v], 1)))
        logits: Tensor = self.mlp(pair)
        return logits


def _numbered(classes: int) -> tuple[str, ...]:
    return tuple(f"class {index}" for index in range(classes))

"""Sequence classifiers of transformers, from a local directory; nothing is ever downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from andornot.errors import ModelError
from andornot.models.from_hf import (
    LOCAL,
    import_transformers,
    quiet,
    refuse_own_code,
    transformers_for,
)
from andornot.models.record import choose_device
from andornot.models.sentences.hooks import caught, inference, wanted
from andornot.models.sentences.protocol import PairLike, Pairs, RecordedPairs
from andornot.models.weights import fingerprint

BATCH = 32
"""Pairs in one forward pass."""


class HfPairModel:
    """A classifier that reads premise and hypothesis as a pair of texts; a ``TokenModel``.

    Its layers are all modules that give one row for each pair (such as ``bert.pooler``), its
    token layers those that give one for each piece of a word.
    """

    sample: ClassVar[str] = "pair"
    shorter: ClassVar[str] = "leave that pair out"

    def __init__(self, directory: str | Path, device: str = "auto") -> None:
        """Load model and tokeniser.

        Args:
            directory: what ``save_pretrained`` of both wrote, or a clone of a hub repository.
            device: ``auto`` (CUDA if there is one), or a torch device such as ``cuda:1``.

        Raises:
            ModelError: transformers is missing, or the directory holds no sequence classifier
                with weights and a tokeniser.
            OptionError: there is no such device.
        """
        self.device = choose_device(device)
        self.directory = Path(directory)
        self.module, self.tokenizer = _load(self.directory)
        self.module.float().to(self.device).eval()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names from the directory's ``id2label``, in the order of the logits."""
        labels = self.module.config.id2label
        return tuple(str(labels[number]) for number in sorted(labels))

    @property
    def layers(self) -> tuple[str, ...]:
        """Paths of the modules that give one row of numbers for each pair."""
        return self._paths[0]

    @property
    def token_layers(self) -> tuple[str, ...]:
        """Paths of the modules that give one row of numbers for each piece of a word."""
        return self._paths[1]

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights, the configuration and the tokeniser."""
        names = ("config.json", "tokenizer.json", "tokenizer_config.json")
        files = [self.directory / name for name in names]
        source = b"".join(file.read_bytes() for file in files if file.is_file())
        return fingerprint(self.module, source)

    def record(self, pairs: Pairs, layers: Sequence[str]) -> RecordedPairs:
        """Record one value for each pair and unit; the model reads each sentence's ``text``.

        Args:
            pairs: any number.
            layers: some of ``layers``.

        Raises:
            ModelError: there is no such layer, or a pair is too long for the model.
        """
        modules = wanted(self.module, layers, self.layers)
        found: dict[str, list[Tensor]] = {layer: [] for layer in layers}
        logits = []
        with inference(self.module), caught(modules) as outputs, quiet(import_transformers()):
            for start in range(0, len(pairs), BATCH):
                batch = pairs[start : start + BATCH]
                texts = [self._read(sample) for sample in batch]
                logits.append(self._run(self._encode(batch, texts)))
                for layer in layers:
                    found[layer].append(outputs[layer])
        units = {layer: torch.cat(parts).numpy() for layer, parts in found.items()}
        return RecordedPairs(
            {layer: values[:, :, None, None] for layer, values in units.items()},
            torch.cat(logits).numpy(),
        )

    def record_tokens(
        self, pairs: Pairs, layers: Sequence[str]
    ) -> dict[str, list[NDArray[np.float32]]]:
        """Record one value for each token and unit.

        The model reads the tokens with blanks between them. A token that it cuts into pieces
        gets their mean; one that it does not see at all gets 0.

        Args:
            pairs: any number.
            layers: some of ``token_layers``.

        Returns:
            for each layer and pair float32 of shape (tokens, units): the premise's tokens, then
            the hypothesis's.

        Raises:
            ModelError: there is no such layer, or a pair is too long for the model.
        """
        modules = wanted(self.module, layers, self.token_layers)
        found: dict[str, list[NDArray[np.float32]]] = {layer: [] for layer in layers}
        with inference(self.module), caught(modules) as outputs, quiet(import_transformers()):
            for start in range(0, len(pairs), BATCH):
                batch = pairs[start : start + BATCH]
                texts = [(" ".join(p.premise.tokens), " ".join(p.hypothesis.tokens)) for p in batch]
                encoded = self._encode(batch, texts)
                self._run(encoded)
                for index, pair in enumerate(batch):
                    owners = _owners(encoded, index, pair)
                    size = len(pair.premise.tokens) + len(pair.hypothesis.tokens)
                    for layer in layers:
                        found[layer].append(_means(outputs[layer][index].numpy(), owners, size))
        return found

    def _read(self, sample: Any) -> Any:
        """What the tokeniser gets of a sample."""
        return sample.premise.text, sample.hypothesis.text

    def _example(self, text: str) -> Any:
        """The same of a sample that begins with a text."""
        return text, "b"

    @cached_property
    def _paths(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Find the layers by two small batches, of other numbers of pairs and of pieces."""
        (one, few), (other, more) = self._shapes("a", 2), self._shapes("a a a", 3)
        both = [(path, shape, other[path]) for path, shape in one.items() if path in other]
        return (
            tuple(p for p, a, b in both if (len(a), a[:1], b) == (2, (2,), (3, *a[1:]))),
            tuple(p for p, a, b in both if (len(a), a[:2], b) == (3, (2, few), (3, more, *a[2:]))),
        )

    def _shapes(self, premise: str, pairs: int) -> tuple[dict[str, tuple[int, ...]], int]:
        """Shapes of what all modules give on so many equal pairs, and of how many pieces each."""
        modules = {path: part for path, part in self.module.named_modules() if path}
        encoded = self.tokenizer(
            [self._example(premise)] * pairs, return_tensors="pt", padding=True
        )
        with inference(self.module), caught(modules) as outputs:
            self._run(encoded)
        shapes = {path: tuple(outputs[path].shape) for path in modules if path in outputs}
        return shapes, encoded["input_ids"].shape[1]

    def _encode(self, pairs: Sequence[Any], texts: list[Any]) -> Any:
        """Tokenise a batch; nothing is cut off, for a unit may hang on the last word."""
        encoded = self.tokenizer(
            texts, return_tensors="pt", padding=True, return_offsets_mapping=True
        )
        most = self.tokenizer.model_max_length
        positions = getattr(self.module.config, "max_position_embeddings", None) or -1
        if positions > 0:  # below it in XLNet, which has no limit
            most = min(most, positions)
        for pair, mask in zip(pairs, encoded["attention_mask"], strict=True):
            if int(mask.sum()) > most:
                raise ModelError(
                    f"{self.sample.capitalize()} {pair.id!r} is {int(mask.sum())} pieces of words "
                    f"long, but the model in {self.directory} reads at most {most}: {self.shorter}."
                )
        return encoded

    def _run(self, encoded: Any) -> Tensor:
        """Run the network on a tokenised batch, and give its logits.

        Raises:
            ModelError: the network fails on it, which the message explains.
        """
        inputs = {k: v.to(self.device) for k, v in encoded.items() if k != "offset_mapping"}
        try:
            logits: Tensor = self.module(**inputs).logits
        except Exception as error:
            raise ModelError(
                f"The model in {self.directory} failed on a batch of {self.sample}s "
                f"({type(error).__name__}: {' '.join(str(error).split())}): check that its "
                f"tokeniser is its own, and that the {self.sample}s are not too long for it."
            ) from error
        return logits.detach().to("cpu", torch.float32)


class HfSingleModel(HfPairModel):
    """A classifier that reads one text at a time, such as one of sentiment."""

    sample: ClassVar[str] = "text"
    shorter: ClassVar[str] = (
        "let only the beginning of each be read, by `,cut=NUMBER` of words behind the file"
    )

    def _read(self, sample: Any) -> str:
        return str(sample.text)

    def _example(self, text: str) -> str:
        return text


def _load(directory: Path) -> tuple[Any, Any]:
    """Load a model and its tokeniser, and see that both are whole."""
    transformers = transformers_for(directory)
    with quiet(transformers):
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(directory, **LOCAL)
            module, info = transformers.AutoModelForSequenceClassification.from_pretrained(
                directory, output_loading_info=True, **LOCAL
            )
        except Exception as error:
            refuse_own_code(directory, error)
            reason = " ".join(str(error).split())
            raise ModelError(
                f"transformers cannot load a sequence classifier from {directory} "
                f"({type(error).__name__}: {reason}): check that it is one, and its files whole."
            ) from error
    missing = sorted(info["missing_keys"])
    if missing:
        raise ModelError(
            f"The model in {directory} lacks {len(missing)} weights of a sequence classifier "
            f"(such as {missing[0]}): give one that was trained to classify."
        )
    if not tokenizer.is_fast or tokenizer.pad_token is None:
        raise ModelError(
            f"The tokeniser in {directory} has no {'padding' if tokenizer.is_fast else 'fast form'}"
            ", which andornot needs: save one that has (tokenizer.json, pad_token) there."
        )
    return module, tokenizer


def _owners(encoded: Any, index: int, pair: PairLike) -> NDArray[np.int64]:
    """Say of each piece which token it belongs to, -1 for none (special, padding, blanks)."""
    places = (_places(pair.premise.tokens, 0),
              _places(pair.hypothesis.tokens, len(pair.premise.tokens)))  # fmt: skip
    owners = np.full(encoded["input_ids"].shape[1], -1)
    spans = encoded["offset_mapping"][index].tolist()
    for piece, (sentence, (begin, end)) in enumerate(
        zip(encoded.sequence_ids(index), spans, strict=True)
    ):
        if sentence is not None and end > begin:
            # by its last character, for some tokenisers count the blank before a word to it
            owners[piece] = places[sentence][end - 1]
    return owners


def _places(tokens: Sequence[str], first: int) -> NDArray[np.int64]:
    """Say of each character of the joined tokens which token it belongs to, -1 for a blank."""
    parts = [np.r_[np.full(len(token), first + i), -1] for i, token in enumerate(tokens)]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _means(
    values: NDArray[np.float32], owners: NDArray[np.int64], tokens: int
) -> NDArray[np.float32]:
    """Average the rows of each token's pieces, (tokens, units)."""
    means = np.zeros((tokens, values.shape[1]), np.float32)
    kept = owners >= 0
    # not means[owners] += ..., which would add only one piece of a token
    np.add.at(means, owners[kept], values[kept])
    means /= np.maximum(np.bincount(owners[kept], minlength=tokens), 1)[:, None]
    return means

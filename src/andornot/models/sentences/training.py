"""Train the paper's classifier; stop and go on at any time.

Everything random in a piece of training (at most ``PIECE`` batches) comes from the seed and the
piece's number alone. So an interrupted training goes on from its last checkpoint, at the end of a
piece, as if nothing had happened: on the CPU, with the same number of threads, to the last bit.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from andornot._tools.files import text_writer, writing
from andornot._tools.folders import Folder, listed, verify
from andornot._tools.progress import track
from andornot.data.sentences.vectors import Vectors
from andornot.errors import DataError, ModelError, OptionError, RunError
from andornot.models.sentences.checkpoint import checkpoint_of, torch_writer
from andornot.models.sentences.classifier import PairClassifier, encode_pairs, pad_rows
from andornot.models.sentences.model import Config, EntailmentNet
from andornot.models.sentences.options import HOLD_OUT
from andornot.models.sentences.options import TrainOptions as TrainOptions
from andornot.models.sentences.protocol import PairLike, Pairs, accuracy, label_numbers
from andornot.models.sentences.vocabulary import Vocabulary
from andornot.models.weights import read_torch

PIECE = 100
"""Batches that share a seed; there may be a checkpoint after them."""

PAUSE = 30.0
"""Seconds between two checkpoints in an epoch, at least: to write a large network takes time."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training pairs gave.

    Attributes:
        loss: mean cross-entropy of the training pairs, while the network learned.
        accuracy: share of training pairs that were right then.
        validation: share of validation pairs that are right at the end of the epoch.
    """

    loss: float
    accuracy: float
    validation: float


@dataclass(frozen=True)
class Report:
    """A finished training.

    Attributes:
        model: file of the model that was best on the validation pairs.
        epochs: what each epoch gave, in order.
        best: number of the best epoch, counted from 1.
        stopped_early: whether patience ended before the epochs did.
        n_pairs: number of training pairs.
        n_validation: number of validation pairs.
        n_words: size of the vocabulary.
    """

    model: Path
    epochs: tuple[Epoch, ...]
    best: int
    stopped_early: bool
    n_pairs: int
    n_validation: int
    n_words: int

    @property
    def validation(self) -> float:
        """Accuracy of the best epoch's model on the validation pairs."""
        return self.epochs[self.best - 1].validation


def hold_out(pairs: Pairs, share: float = HOLD_OUT) -> tuple[list[PairLike], list[PairLike]]:
    """Set pairs aside for validation, by a hash of the premise.

    All pairs with one premise fall on the same side, so that no premise is seen in training;
    and a pair falls on the same side whatever other pairs there are.

    Args:
        pairs: what to divide.
        share: about this share of the premises is set aside.

    Returns:
        the pairs to train on and those set aside.

    Raises:
        OptionError: the share is not between 0 and 1, or one side got nothing.
    """
    if not 0 < share < 1:
        raise OptionError(f"the share to hold out is {share}, but must be between 0 and 1")
    sides: tuple[list[PairLike], list[PairLike]] = ([], [])
    for pair in pairs:
        premise = " ".join(pair.premise.tokens).lower().encode()
        drawn = int.from_bytes(hashlib.sha256(premise).digest()[:8], "big") / 2**64
        sides[drawn < share].append(pair)
    if not all(sides):
        raise OptionError(
            f"holding out {share} of {len(pairs)} pairs leaves nothing to train on or nothing to "
            "validate with; give more pairs or another share"
        )
    return sides


def train(
    pairs: Pairs,
    validation: Pairs,
    out: str | Path,
    config: Config | None = None,
    options: TrainOptions | None = None,
    *,
    vectors: Vectors | None = None,
    device: str = "auto",
    on_epoch: Callable[[int, Epoch], object] | None = None,
) -> Report:
    """Train a classifier, or go on with a training that was interrupted.

    ``out`` gets ``best.pt`` (the model, for ``load_classifier``), ``last.pt`` (to go on from) and
    ``report.json``. A finished training goes on too, if there are more epochs or patience now.

    Args:
        pairs: labelled pairs to learn from; their order counts.
        validation: labelled pairs that choose the best epoch and the end.
        out: a directory for the files.
        config: the network; the paper's if not given.
        options: how to train.
        vectors: where the embedding starts from, in place of random numbers; it goes on
            learning. Their words join the vocabulary, and their dimension replaces the
            configuration's.
        device: ``auto`` (CUDA if there is one), or a torch device.
        on_epoch: called after each epoch with its number, from 1, and what it gave.

    Raises:
        DataError: a label is not among the classes, or there are no pairs.
        ModelError: the loss is no longer a number.
        OptionError: there is no such device.
        RunError: ``out`` cannot be written, or holds another training.

    Examples:
        >>> from andornot.data.sentences.open import open_pairs
        >>> from andornot.models.sentences.model import Config
        >>> pairs = open_pairs("pairs:pairs.csv", tagger=None).pairs
        >>> small = Config(embedding=4, state=4, hidden=(8,))
        >>> report = train(pairs, pairs, "training", small, TrainOptions(epochs=1), device="cpu")
        >>> len(report.epochs)
        1
    """
    options = options or TrainOptions()
    config = config or Config()
    if vectors is not None:
        config = replace(config, embedding=vectors.dimension)
    words = _words(pairs, options.min_count, vectors)
    examples = _Examples(encode_pairs(pairs, words), label_numbers(pairs, config.classes))
    if len(examples) < 2:
        raise DataError("training needs at least two sentence pairs, but there is one; give more")
    label_numbers(validation, config.classes)  # a wrong label shall not cost an epoch first
    # training seeds for each piece; what the caller draws at random stays as it would be
    with torch.random.fork_rng():
        model = _new_model(config, words, options.seed, vectors, device)
        progress = _Progress(_key(config, options, words, examples, vectors, validation))
        with listed(out) as folder:
            training = _Training(model, options, examples, folder, progress, on_epoch)
            training.resume()
            training.run(validation)
            return training.report(len(validation))


_FILES = ("best.pt", "last.pt", "report.json")


@dataclass(frozen=True)
class _Examples:
    """Training pairs as numbers: rows of all premises, then all hypotheses; and labels."""

    rows: list[list[int]]
    labels: np.ndarray[Any, np.dtype[np.int64]]

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, chosen: list[int]) -> tuple[list[list[int]], Tensor]:
        """Give the rows and labels of some pairs."""
        rows = [self.rows[i] for i in chosen] + [self.rows[len(self) + i] for i in chosen]
        return rows, torch.from_numpy(self.labels[chosen])


@dataclass
class _Progress:
    """How far a training is: what ``last.pt`` holds beside weights and optimiser."""

    key: str
    piece: int = 0
    loss: float = 0.0
    right: int = 0
    seen: int = 0
    epochs: list[dict[str, float]] = field(default_factory=list)

    @property
    def best(self) -> int:
        """Number of the first epoch with the best validation accuracy, from 1; 0 before any."""
        values = [epoch["validation"] for epoch in self.epochs]
        return values.index(max(values)) + 1 if values else 0


class _Training:
    """One training under way."""

    def __init__(
        self,
        model: PairClassifier,
        options: TrainOptions,
        examples: _Examples,
        folder: Folder,
        progress: _Progress,
        on_epoch: Callable[[int, Epoch], object] | None,
    ) -> None:
        self.model, self.options, self.examples = model, options, examples
        self.folder, self.out = folder, folder.path
        self.progress, self.on_epoch = progress, on_epoch
        self.saved = time.monotonic()
        self.optimizer = torch.optim.Adam(model.module.parameters(), lr=options.learning_rate)

    def run(self, validation: Pairs) -> None:
        """Train to the end, with a checkpoint after each piece and each epoch."""
        while not self.finished:
            self._epoch()
            progress = self.progress
            right = accuracy(self.model, validation)
            epoch = Epoch(progress.loss / progress.seen, progress.right / progress.seen, right)
            progress.epochs.append(asdict(epoch))
            progress.piece, progress.loss, progress.right, progress.seen = 0, 0.0, 0, 0
            if progress.best == len(progress.epochs):
                best = checkpoint_of(self.model.module, self.model.vocabulary)
                # before last.pt: a kill between the two repeats the end of an epoch, and loses no
                # best model
                self._write("best.pt", torch_writer(best))
            self._save()
            if self.on_epoch:
                self.on_epoch(len(progress.epochs), epoch)

    @property
    def finished(self) -> bool:
        """Whether the epochs or the patience are used up."""
        return len(self.progress.epochs) >= self.options.epochs or self.out_of_patience

    @property
    def out_of_patience(self) -> bool:
        """Whether the last epochs were no better."""
        return len(self.progress.epochs) - self.progress.best >= self.options.patience

    def resume(self) -> None:
        """Go to where an earlier training with the same data and options was, if there is one."""
        path = self.out / "last.pt"
        if not path.exists():
            with writing(self.out):  # now, and not after an epoch
                self.folder.check_free(_FILES)
            return
        try:
            verify(path)
            values = read_torch(path)
            if values["progress"]["key"] == self.progress.key:
                self.model.module.load_state_dict(values["state_dict"])
                self.optimizer.load_state_dict(values["optimizer"])
                self.progress = _Progress(**values["progress"])
                self._adopt()
                return
        except (ModelError, KeyError, TypeError, RuntimeError, ValueError) as error:
            raise RunError(
                f"The checkpoint {path} cannot be read ({' '.join(str(error).split())}): delete "
                "it to train from the start."
            ) from error
        raise RunError(
            f"The directory {self.out} holds a training of other data or with other options: "
            "choose another directory, or empty it to train from the start."
        )

    def report(self, n_validation: int) -> Report:
        """Sum up, also into ``report.json``."""
        report = Report(
            model=self.out / "best.pt",
            epochs=tuple(Epoch(**epoch) for epoch in self.progress.epochs),
            best=self.progress.best,
            stopped_early=self.out_of_patience,
            n_pairs=len(self.examples),
            n_validation=n_validation,
            n_words=len(self.model.vocabulary),
        )
        values = {**asdict(report), "model": "best.pt", "options": asdict(self.options),
                  "config": asdict(self.model.module.config)}  # fmt: skip
        self._write("report.json", text_writer(json.dumps(values, indent=2) + "\n"))
        return report

    def _adopt(self) -> None:
        """Take over the files of a version that kept no list; its last one is known by its key."""
        with writing(self.out):
            for name in _FILES:
                if not self.folder.listed and (self.out / name).exists():
                    self.folder.adopt(name)
            self.folder.check_free(_FILES)

    def _write(self, name: str, write: Callable[[Path], object]) -> None:
        with writing(self.out / name):
            self.folder.write(name, write)

    def _epoch(self) -> None:
        """Train on what is left of an epoch."""
        number = len(self.progress.epochs) + 1
        batches = self._batches(number)
        done = self.progress.piece * PIECE
        what = f"epoch {number} of {self.options.epochs}"
        self.model.module.train()
        for index, chosen in enumerate(track(batches[done:], what, len(batches), done), done):
            if index % PIECE == 0:
                self.progress.piece = index // PIECE
                if index > done and time.monotonic() - self.saved >= PAUSE:
                    self._save()
                torch.manual_seed(_seed(self.options.seed, number, index // PIECE))
            self._step(chosen)

    def _batches(self, epoch: int) -> list[list[int]]:
        """Cut the epoch's order into batches; a last one of a single pair is left out.

        Batch normalisation cannot learn from a single pair.
        """
        generator = torch.Generator().manual_seed(_seed(self.options.seed, epoch, -1))
        order = torch.randperm(len(self.examples), generator=generator)
        batches = [part.tolist() for part in torch.split(order, self.options.batch_size)]
        return batches[:-1] if len(batches[-1]) == 1 else batches

    def _step(self, chosen: list[int]) -> None:
        """Learn from one batch."""
        rows, labels = self.examples.batch(chosen)
        model = self.model
        labels = labels.to(model.device)
        logits = model.module(*pad_rows(rows, model.vocabulary.padding, model.device))
        loss = functional.cross_entropy(logits, labels)
        if not math.isfinite(loss.item()):
            raise ModelError(
                f"The loss became {loss.item()} in epoch {len(self.progress.epochs) + 1}: choose a "
                f"learning rate under {self.options.learning_rate}."
            )
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.progress.loss += loss.item() * len(chosen)
        self.progress.right += int((logits.argmax(1) == labels).sum())
        self.progress.seen += len(chosen)

    def _save(self) -> None:
        values = {
            "progress": asdict(self.progress),
            "state_dict": self.model.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        self._write("last.pt", torch_writer(values))
        self.saved = time.monotonic()


def _words(pairs: Pairs, min_count: int, vectors: Vectors | None) -> Vocabulary:
    """Collect the words of the training pairs, and of the vectors after them."""
    words = Vocabulary.from_pairs(pairs, min_count)
    if vectors is None:
        return words
    more = dict.fromkeys(word.lower() for word in vectors.words)
    return replace(words, words=(*words.words, *(word for word in more if word not in words)))


def _new_model(
    config: Config, words: Vocabulary, seed: int, vectors: Vectors | None, device: str
) -> PairClassifier:
    """Build an untrained network; the vectors replace the random ones of the words they have."""
    torch.manual_seed(seed)
    module = EntailmentNet(config, len(words), words.padding)
    if vectors is not None:
        known = [(row, vectors.index[w]) for row, w in enumerate(words.words) if w in vectors.index]
        rows, sources = (list(part) for part in zip(*known, strict=True)) if known else ([], [])
        with torch.no_grad():
            module.encoder.emb.weight[rows] = torch.from_numpy(vectors.matrix[sources])
    return PairClassifier(module, words, device)


def _seed(seed: int, epoch: int, piece: int) -> int:
    """Give a seed of its own to each piece of a training."""
    # the order of an epoch has the piece -1, and SeedSequence takes no negative numbers
    return int(np.random.SeedSequence((seed, epoch, piece + 1)).generate_state(1, np.uint32)[0])


def _key(
    config: Config,
    options: TrainOptions,
    words: Vocabulary,
    examples: _Examples,
    vectors: Vectors | None,
    validation: Pairs,
) -> str:
    """Hash all that shapes a training but its end."""
    # so that a finished training can go on with more of either
    shaping = replace(options, epochs=1, patience=1)
    digest = hashlib.sha256(repr((config, shaping, words)).encode())
    digest.update(repr((examples.rows, examples.labels.tolist())).encode())
    digest.update(b"" if vectors is None else vectors.matrix.tobytes())
    for pair in validation:
        digest.update(repr((pair.premise.tokens, pair.hypothesis.tokens, pair.label)).encode())
    return digest.hexdigest()

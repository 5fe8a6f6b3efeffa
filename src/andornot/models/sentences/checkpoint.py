"""Read and write classifiers, safely: no file here can run code, none is half written."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from andornot._tools.files import split_part, write_whole, writing
from andornot.errors import ModelError, OptionError
from andornot.models.names import bare, common_prefixes, inside
from andornot.models.sentences.classifier import PairClassifier
from andornot.models.sentences.model import Config, EntailmentNet, Pooling
from andornot.models.sentences.vocabulary import Vocabulary
from andornot.models.weights import StateDict, load_weights, read_state_dict, read_torch

FORMAT = 1


def save_classifier(model: PairClassifier, path: str | Path) -> None:
    """Write a classifier into one file: sizes, words and weights.

    Raises:
        OptionError: something else than a classifier of ours lies there.
        RunError: the file cannot be written.
    """
    path = Path(path)
    if path.exists() and not _is_ours(path):
        raise OptionError(f"{path} is not andornot's, so it is not replaced; choose another file")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, torch_writer(checkpoint_of(model.module, model.vocabulary)))


def _is_ours(path: Path) -> bool:
    """Whether a file is one that :func:`save_classifier` or a training wrote."""
    try:
        values = read_torch(path)
    except ModelError:
        return False
    return isinstance(values, Mapping) and {"format", "config", "words"} <= values.keys()


def load_classifier(
    path: str | Path,
    vocabulary: str | Path | None = None,
    *,
    pooling: Pooling | None = None,
    device: str = "auto",
) -> PairClassifier:
    """Read a classifier.

    Three kinds of file will do: what ``andornot nli train`` writes; a bare state dict of such a
    network, with its words in a JSON list; and the checkpoint that the code published with the
    paper writes (``state_dict`` and ``stoi``). The sizes of the latter two are read off the
    weights.

    Args:
        path: the file, or ``FILE#PART`` (see ``models.weight_files``).
        vocabulary: the JSON list of words, for a bare state dict only; left out, it is
            ``NAME_vocab.json`` beside ``NAME.pt``.
        pooling: how a bare state dict's sentences are pooled, for weights do not tell: ``max``
            if left out. The other kinds know.
        device: ``auto`` (CUDA if there is one), or a torch device.

    Raises:
        ModelError: the file is missing, damaged, needs unsafe loading or is no such network, or
            the vocabulary is missing or of another size.
        OptionError: there is no such device.
    """
    path = Path(path)
    file, _ = split_part(path)
    values = {} if file.suffix == ".safetensors" or not file.is_file() else read_torch(file)
    if isinstance(values, Mapping) and "config" in values and "words" in values:
        config, words = _ours(values, path)
    elif isinstance(values, Mapping) and "stoi" in values:
        config, words = _published(values, path)
    else:
        weights = _read(path)
        # the paper's pooling, as weights do not tell
        config = _sizes(weights, path, pooling or "max")
        words = _words_beside(file, vocabulary)
    return PairClassifier(_network(path, config, words), words, device)


def checkpoint_of(module: EntailmentNet, vocabulary: Vocabulary) -> dict[str, Any]:
    """Give what a file of ours holds."""
    return {
        "format": FORMAT,
        "config": asdict(module.config),
        "words": list(vocabulary.words),
        "unknown": vocabulary.unknown,
        "padding": vocabulary.padding,
        "state_dict": {name: value.cpu() for name, value in module.state_dict().items()},
    }


def torch_writer(values: Mapping[str, Any]) -> Callable[[Path], None]:
    """What writes a torch file to a path."""

    def write(path: Path) -> None:
        try:
            torch.save(dict(values), path)
        except RuntimeError as error:  # what torch's writer raises on a full disk
            raise OSError(errno.ENOSPC, " ".join(str(error).split()), str(path)) from error

    return write


def _read(path: Path) -> StateDict:
    """Weights by the names that an ``EntailmentNet`` gives them, which tell its sizes."""
    state = {bare(name): value for name, value in read_state_dict(path).items()}
    fitting = [p for p in common_prefixes(state) if f"{p}encoder.emb.weight" in state]
    return inside(state, fitting[0][:-1]) if fitting else state


def _network(path: Path, config: Config, words: Vocabulary) -> EntailmentNet:
    """Build the network and fill it, all or nothing."""
    weights = _read(path)
    rows = len(weights["encoder.emb.weight"]) if "encoder.emb.weight" in weights else len(words)
    if rows != len(words):
        raise ModelError(
            f"The weights in {path} are for {rows} words, but the vocabulary has {len(words)}: "
            "give the vocabulary that the model was trained with."
        )
    module = EntailmentNet(config, len(words), words.padding)
    load_weights(module, weights, path)
    return module


def _ours(values: Mapping[str, Any], path: Path) -> tuple[Config, Vocabulary]:
    if values.get("format") != FORMAT:
        raise ModelError(
            f"The checkpoint {path} is of format {values.get('format')}, but this version reads "
            f"format {FORMAT}: load it with the version that wrote it."
        )
    try:
        words = Vocabulary(tuple(values["words"]), values["unknown"], values["padding"])
        return Config.from_dict(values["config"]), words
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"The checkpoint {path} is damaged ({error}): train or copy it again."
        ) from error


def _published(values: Mapping[str, Any], path: Path) -> tuple[Config, Vocabulary]:
    """Read the published code's words; it pools by the last state, and calls words UNK, PAD."""
    rows = values["stoi"]
    try:
        words = Vocabulary(tuple(sorted(rows, key=rows.__getitem__)), rows["UNK"], rows["PAD"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"The words in {path} cannot be read ({error}): stoi must be a dictionary of rows "
            "with UNK and PAD."
        ) from error
    return _sizes(_read(path), path, "last"), words


def _sizes(weights: Mapping[str, torch.Tensor], path: Path, pooling: Pooling) -> Config:
    try:
        return Config.from_weights(weights, pooling)
    except ModelError as error:
        raise ModelError(f"The weights in {path} cannot be used: {error}") from error


def _words_beside(path: Path, vocabulary: str | Path | None) -> Vocabulary:
    """Read a bare state dict's words."""
    if vocabulary is not None:
        return Vocabulary.read(Path(vocabulary))
    beside = path.with_name(f"{path.stem}_vocab.json")
    if not beside.is_file():
        raise ModelError(
            f"The weights in {path} come without their words: give the vocabulary, a JSON list "
            f"of words, or put it into {beside.name} beside them."
        )
    return Vocabulary.read(beside)

"""One text for every pair model: what follows ``--model`` for data of sentence pairs."""

from __future__ import annotations

from pathlib import Path

from andornot._tools.files import split_part
from andornot.errors import ModelError
from andornot.models.sentences.protocol import PairModel
from andornot.specs import python_function


def load_pair_model(
    spec: str,
    vocabulary: str | Path | None = None,
    device: str = "auto",
    weights: str | None = None,
) -> PairModel:
    """Load a classifier of sentence pairs.

    Args:
        spec: ``FILE.pt`` (or ``.pth``, ``.safetensors``: our classifier; also ``FILE#PART``),
            ``hf:DIRECTORY`` (a sequence classifier of transformers), or ``FILE.py:FUNCTION`` (a
            function without arguments that returns a ``PairModel``; its file is run).
        vocabulary: JSON list of words, for a bare state dict only.
        device: ``auto`` (CUDA if there is one), or a torch device; a function of yours sees to
            its own.
        weights: ``random:SEED`` draws all weights anew; left out, they are the model's own.

    Raises:
        ModelError: there is no such model, or it cannot be loaded, or its weights cannot be drawn.
        OptionError: there is no such device.

    Examples:
        >>> model = load_pair_model("counting.py:model")
        >>> model.layers, model.class_names
        (['words'], ['no', 'yes'])
        >>> load_pair_model("no_such_file.pt")
        Traceback (most recent call last):
            ...
        andornot.errors.ModelError: The weights file no_such_file.pt does not exist: check
        the path.
    """
    model = _load(spec, vocabulary, device)
    if weights is not None:
        draw_anew(model, spec, weights)
    return model


def draw_anew(model: PairModel, spec: str, weights: str) -> None:
    """Draw all weights of a classifier anew, as ``random:SEED`` says.

    Raises:
        ModelError: the text says something else, or the model shows no torch module.
    """
    from andornot.models.random_weights import random_seed, randomize

    seed, module = random_seed(weights), getattr(model, "module", None)
    if seed is None:
        raise ModelError(
            f"A classifier of sentences brings its weights, so {weights!r} cannot stand for them: "
            "leave it out, or write random:0 for random ones."
        )
    if module is None:
        raise ModelError(
            f"The model {spec} shows no torch module, so its weights cannot be drawn anew: give "
            "it an attribute module."
        )
    randomize(module, seed)


def _load(spec: str, vocabulary: str | Path | None, device: str) -> PairModel:
    """Load by the kind of text."""
    kind, _, directory = spec.partition(":")
    if kind == "hf" and directory:
        from andornot.models.sentences.hf import HfPairModel

        return HfPairModel(Path(directory), device)
    if python := python_function(spec):
        return from_function(*python)
    if split_part(spec)[0].suffix in (".pt", ".pth", ".safetensors"):
        from andornot.models.sentences.checkpoint import load_classifier

        return load_classifier(spec, vocabulary, device=device)
    raise ModelError(
        f"The model {spec!r} cannot be understood: write FILE.pt, hf:DIRECTORY or "
        "path/to/file.py:function."
    )


def from_function(file: Path, function: str) -> PairModel:
    """What a function in a user's file returns, if it is such a model.

    Raises:
        ModelError: it fails, or returns something else.
    """
    from andornot.models.from_file import call_function

    model: object = call_function(file, function)
    if not isinstance(model, PairModel):
        lacks = [name for name in _NEEDED if not hasattr(model, name)]
        raise ModelError(
            f"The function {function} in {file} returned {type(model).__name__}, which lacks "
            f"{', '.join(lacks)}: return a model as docs/how-to/classifiers.md describes it."
        )
    return model


_NEEDED = ("layers", "class_names", "fingerprint", "record")

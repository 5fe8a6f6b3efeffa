"""Classifiers of single sentences: of transformers from a local directory, or of a user's own."""

from __future__ import annotations

from pathlib import Path

from andornot.errors import ModelError
from andornot.models.sentences.load import draw_anew, from_function
from andornot.models.sentences.protocol import PairModel
from andornot.specs import python_function


def load_single_model(spec: str, device: str = "auto", weights: str | None = None) -> PairModel:
    """Load a classifier of single sentences.

    Args:
        spec: ``hf:DIRECTORY`` (a sequence classifier of transformers) or ``FILE.py:FUNCTION`` (a
            function without arguments; its file is run). What it returns has the attributes of a
            ``PairModel``; its ``record`` gets objects with ``id``, ``text``, ``tokens``, ``words``
            (tokens in lower case) and ``label``.
        device: ``auto`` (CUDA if there is one), or a torch device.
        weights: ``random:SEED`` draws all weights anew; left out, they are the model's own.

    Raises:
        ModelError: there is no such model, or it cannot be loaded.
        OptionError: there is no such device.
    """
    kind, _, directory = spec.partition(":")
    if kind == "hf" and directory:
        from andornot.models.sentences.hf import HfSingleModel

        model: PairModel = HfSingleModel(Path(directory), device)
    elif python := python_function(spec):
        model = from_function(*python)
    else:
        raise ModelError(
            f"{spec!r} names no classifier of single sentences: write hf:DIRECTORY or "
            "path/to/file.py:function."
        )
    if weights is not None:
        draw_anew(model, spec, weights)
    return model

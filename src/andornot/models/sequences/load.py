"""One text for every model of sequences: what follows ``--model`` for running text."""

from __future__ import annotations

from typing import Any

from andornot._tools.files import split_part
from andornot.errors import ModelError, quoted
from andornot.models.sequences.protocol import NEEDED, SequenceModel
from andornot.specs import python_function


def load_sequence_model(
    spec: str, device: str = "auto", weights: str | None = None
) -> SequenceModel:
    """Load a model of sequences.

    Args:
        spec: ``FILE.py:FUNCTION`` (a function without arguments that returns a
            ``SequenceModel``; its file is run), or ``FILE.pt`` (the encoder of a classifier of
            sentence pairs of ours, which reads one sentence at a time).
        device: ``auto`` (CUDA if there is one), or a torch device; a function of yours sees to
            its own.
        weights: ``random:SEED`` draws all weights anew; left out, they are the model's own.

    Raises:
        ModelError: there is no such model, or it cannot be loaded, or its weights cannot be drawn.
        OptionError: there is no such device.
    """
    model: Any
    if python := python_function(spec):
        from andornot.models.from_file import call_function

        model = checked(call_function(*python), f"the function {python[1]} in {python[0]} returned")
    elif split_part(spec)[0].suffix in (".pt", ".pth", ".safetensors"):
        from andornot.models.sentences.checkpoint import load_classifier
        from andornot.models.sequences.encoder import SentenceEncoderModel

        model = SentenceEncoderModel(load_classifier(spec, device=device))
    else:
        raise ModelError(
            f"{quoted(spec)} names no model of sequences: write path/to/file.py:function, or "
            "FILE.pt for the encoder of a classifier of sentence pairs"
        )
    if weights is not None:
        from andornot.models.sentences.load import draw_anew

        draw_anew(model, spec, weights)
    return model  # type: ignore[no-any-return]


def checked(model: Any, who: str = "the model is") -> SequenceModel:
    """The same object, if it is a model of sequences.

    Raises:
        ModelError: it lacks something.
    """
    if isinstance(model, SequenceModel):
        return model
    lacks = [name for name in NEEDED if not hasattr(model, name)]
    raise ModelError(
        f"{who} {type(model).__name__}, which lacks {', '.join(lacks)}: give a model of sequences "
        "as docs/how-to/sequences.md describes it"
    )

"""Network and samples of ``andornot explain``, as the options of each modality name them.

Each function takes the options and what stands for a file of weights where these are drawn anew;
it gives arguments of ``pipeline.dissect.dissect``. ``data.modality`` names these functions.
"""

from __future__ import annotations

from typing import Any

from andornot.cli.options import (
    concepts_of,
    data_of,
    model_of,
    preprocessing_of,
    reading_of,
    words_of,
)
from andornot.data.registry import open_samples


def of_images(options: dict[str, Any], drawn: str | None) -> dict[str, Any]:
    """A network for images, its preprocessing, and images."""
    model = model_of(options | {"weights": drawn or options["weights"]})
    prepared = preprocessing_of(options, model.preprocessing)
    return {"model": model, "preprocessing": prepared, "data": data_of(options)}


def of_sentences(options: dict[str, Any], drawn: str | None) -> dict[str, Any]:
    """A classifier by its name, sentence pairs, and which of their words become concepts."""
    pairs = _data(options)
    return {"model": options["model"], "data": pairs, "words": words_of(options), "weights": drawn}


def of_sequences(options: dict[str, Any], drawn: str | None) -> dict[str, Any]:
    """A model of sequences by its name, running text, and how one reads the other."""
    return of_any(options, drawn) | {
        "reading": reading_of(options), "text_concepts": concepts_of(options)
    }  # fmt: skip


def of_any(options: dict[str, Any], drawn: str | None) -> dict[str, Any]:
    """A network by its name, and samples."""
    weights = drawn or options["weights"]
    return {"model": options["model"], "weights": weights, "data": _data(options)}


def _data(options: dict[str, Any]) -> Any:
    return open_samples(options["data"], options["split"], options["samples"], options["group"])

"""An attack as files of a run: its folder, its key, its examples as rows and pictures, and back.

What else stands in ``attack.json`` is in ``result``, which writes it last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from andornot._tools.folders import check_inside, verify
from andornot.runs import stage_names
from andornot.runs.cache import key_of
from andornot.runs.run import Run

if TYPE_CHECKING:
    from andornot.data.sentences.pairs import Sentence
    from andornot.edits.investigation import EditExample

FILE = "attack.json"
PICTURES = "examples"


def run_key(run: Run, layer: str) -> str:
    """A digest of all that shaped what an attack reads of a run: data, model, layer, formulas."""
    stage = run.record.stages[stage_names.responses(layer)]
    return key_of(responses=stage.key, search=run.record.search.as_json())


def folder_of(run: Run, layer: str, source: str, target: str) -> Path:
    """Where an attack is kept if no other folder is given: ``RUN/attacks/SOURCE-to-TARGET``."""
    names = [f"{source}-to-{target}", *([layer] if len(run.layers) > 1 else [])]
    return run.place("attacks", "-".join(re.sub(r"[^\w-]+", "_", name) for name in names))


def example_rows(examples: Sequence[EditExample]) -> list[dict[str, Any]]:
    """Examples as plain data; pictures are named by their files (see :func:`example_writers`)."""
    return [
        {
            "sample": e.sample,
            "edit": e.edit,
            "answer": e.answer,
            "probability": list(e.probability),
            "before": _row(e.before, _file(number, "before")),
            "after": _row(e.after, _file(number, "after")),
        }
        for number, e in enumerate(examples, start=1)
    ]


def read_examples(rows: Sequence[Mapping[str, Any]], out: Path) -> tuple[EditExample, ...]:
    """The examples of :func:`example_rows`, with their pictures.

    Raises:
        OSError: a picture is lost.
        KeyError, TypeError: the rows are damaged.
    """
    from andornot.edits.investigation import EditExample

    return tuple(
        EditExample(
            row["sample"],
            row["edit"],
            _read(row["before"], out, row["sample"]),
            _read(row["after"], out, row["sample"]),
            row["answer"],
            (row["probability"][0], row["probability"][1]),
        )
        for row in rows
    )


def example_writers(examples: Sequence[EditExample]) -> dict[str, Callable[[Path], object]]:
    """What writes each picture, by its file ``examples/NUMBER-before.png``; none of sentences."""
    return {
        _file(number, when): partial(sample.save, format="PNG")
        for number, e in enumerate(examples, start=1)
        for when, sample in (("before", e.before), ("after", e.after))
        if is_picture(sample)
    }


def is_picture(sample: object) -> bool:
    """Whether an edited sample is a picture, and no sentences.

    The one place that asks: a folder of an attack is read without the run that it belongs to.
    """
    from PIL import Image

    return isinstance(sample, Image.Image)


def _file(number: int, when: str) -> str:
    return f"{PICTURES}/{number}-{when}.png"


def _row(sample: Any, file: str) -> Any:
    if is_picture(sample):
        return file
    return [_said(sentence) for sentence in sample.sentences]


def _said(sentence: Sentence) -> dict[str, Any]:
    return {"tokens": sentence.tokens, "raw": sentence.raw}


def _read(written: Any, out: Path, sample: str) -> Any:
    if isinstance(written, str):
        from andornot.data.images.files import opened

        # an attack lies in a run, which may come from anybody
        file = check_inside(out, out / written)
        verify(file, out)
        with opened(file) as image:
            return image.convert("RGB")
    from andornot.data.sentences.pairs import Pair, Sentence
    from andornot.data.sentences.single import OneSentence

    sentences = [Sentence(tuple(s["tokens"]), raw=s["raw"]) for s in written]
    if len(sentences) == 1:
        return OneSentence(sample, sentences[0])
    premise, hypothesis = sentences
    return Pair(sample, premise, hypothesis)

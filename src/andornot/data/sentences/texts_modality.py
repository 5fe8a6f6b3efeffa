"""Single texts as a modality: reviews, messages, sentences, each with a class at most."""

from __future__ import annotations

from typing import Final

from andornot.data.modality import DataKind, Level, Modality, Sort

SOURCE: Final[dict[str, Sort]] = {
    "spec": "text",
    "split": "text or nothing",
    "limit": "count or nothing",
    "columns": "texts by name or nothing",
    "cut": "count or nothing",
    "words": "count or nothing",
    "group": "text or nothing",
}
"""The arguments of ``data.sentences.texts.open_texts``."""

TEXTS: Final = Modality(
    name="texts",
    sample="text",
    levels=(Level("text", position="text"),),
    kinds=(DataKind("texts", "texts", SOURCE),),
    opener="andornot.data.sentences.texts:open_texts",
    probe="andornot.probes.texts:TextProbe",
    arguments=("weights",),
    gallery="andornot.views.text_gallery:TextGallery",
)

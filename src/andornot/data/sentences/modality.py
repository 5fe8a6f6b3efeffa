"""Sentences as modalities: pairs, and sentences by themselves, which have other words and pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from andornot.data.modality import DataKind, Level, Modality, Sort

SOURCE: Final[dict[str, Sort]] = {
    "spec": "text",
    "split": "text or nothing",
    "limit": "count or nothing",
    "labels": "text or nothing",
    "columns": "texts by name or nothing",
    "keep_unlabelled": "flag",
    "tagger": "text or nothing",
    "group": "text or nothing",
}
"""The arguments of ``data.sentences.open.open_pairs``."""

PAIR: Final = Level(
    "pair",
    position="pair",
    place="a pair of sentences",
    min_active=0.05,  # the paper's share: 500 of its 10,000 pairs (Section 3)
    editor="andornot.edits.sentence_editor:open_sentences",
    replay="andornot.analyses.replay:of_sentences",
)
TOKEN: Final = Level("token", position="token", counted=True)
SENTENCE: Final = Level(
    "sentence",
    position="sentence",
    editor="andornot.edits.sentence_editor:open_single",
    replay="andornot.analyses.replay:of_sentences",
)

SENTENCES: Final = Modality(
    name="sentences",
    sample="sentence pair",
    levels=(PAIR, TOKEN),
    kinds=tuple(DataKind(name, "sentences", SOURCE) for name in ("snli", "pairs")),
    opener="andornot.data.sentences.open:open_pairs",
    probe="andornot.probes.pairs:PairProbe",
    arguments=("weights", "words"),
    options=("words", "stop_words", "vectors", "neighbors"),
    command="andornot.cli.inputs:of_sentences",
    batch=256,
    network="andornot.runs.sentence_network:load_again",
    code="andornot.runs.code:tagger_code",
    recognise="andornot.data.sentences.looks:recognise",
    check="andornot.data.sentences.check:check_pairs",
    gallery="andornot.views.sentence_gallery:SentenceGallery",
    terminal="andornot.cli.terminal:PairTerminal",
    notebook="andornot.report.notebook_samples:NotebookPairs",
    pages="andornot.report.samples:PairPages",
    template="sentences.html.j2",
    cells="andornot.figures.kinds:SENTENCES",
    short=5,
    edits=("words",),
)

SINGLE_SOURCE: Final[dict[str, Sort]] = {
    "spec": "text",
    "split": "text or nothing",
    "limit": "count or nothing",
    "columns": "texts by name or nothing",
    "cut": "count or nothing",
    "tagger": "text or nothing",
    "group": "text or nothing",
}
"""The arguments of ``data.sentences.open_single.open_single``."""

SINGLE: Final = replace(
    SENTENCES,
    name="single sentences",
    sample="sentence",
    levels=(SENTENCE,),
    kinds=(DataKind("sentences", "single sentences", SINGLE_SOURCE),),
    opener="andornot.data.sentences.open_single:open_single",
    probe="andornot.probes.single:SingleProbe",
    network="andornot.runs.sentence_network:load_single_again",
    code="andornot.runs.code:single_tagger_code",
    recognise="",  # a table of sentences looks like one of pairs, or of anything
    check="andornot.data.sentences.check:check_single",
    gallery="andornot.views.sentence_gallery:SingleGallery",
    cells="andornot.figures.kinds:SINGLE",
)

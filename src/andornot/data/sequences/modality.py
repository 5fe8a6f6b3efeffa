"""Running text as a modality: documents, source files, sequences of letters."""

from __future__ import annotations

from typing import Final

from andornot.data.modality import DataKind, Level, Modality, Sort

SOURCE: Final[dict[str, Sort]] = {
    "spec": "text",
    "split": "text or nothing",
    "limit": "count or nothing",
    "group": "text or nothing",
    "options": "texts by name or nothing",
}
"""The arguments of ``data.sequences.open.open_sequences``."""

TOKEN: Final = Level("text token", position="token", counted=True, density=True, above_zero=False)
WORD: Final = Level("text word", position="word", counted=True, density=True, above_zero=False)
DOCUMENT: Final = Level("document", position="document")

SEQUENCES: Final = Modality(
    name="sequences",
    sample="document",
    levels=(TOKEN, WORD, DOCUMENT),
    kinds=tuple(
        DataKind(name, "sequences", SOURCE) for name in ("texts", "conllu", "spans", "code")
    ),
    opener="andornot.data.sequences.open:open_sequences",
    probe="andornot.probes.tokens:TokenProbe",
    arguments=("weights", "reading", "text_concepts"),
    options=(
        *("positions", "of_tokens", "cut", "overlap"),
        *("own", "no_own", "repeats", "regex", "regex_seconds", "spacy", "wordnet", "hypernyms"),
        "max_concepts",
    ),
    command="andornot.cli.inputs:of_sequences",
    batch=16,
    shown=12,
    network="andornot.runs.sequence_network:load_again",
    recognise="andornot.data.sequences.looks:recognise",
    check="andornot.data.sequences.check:check_sequences",
    gallery="andornot.views.token_gallery:TokenGallery",
    terminal="andornot.cli.terminal:TokenTerminal",
    notebook="andornot.report.notebook_samples:NotebookPassages",
    pages="andornot.report.samples:PassagePages",
    template="passages.html.j2",
)

"""Running text as a modality: its record, which names kinds of data, network and pages."""

from __future__ import annotations

from typing import Final

from andornot.data.modality import Level, Modality

TOKEN: Final = Level(
    "text token", position="token", counted=True, density=True, above_zero=False
)
WORD: Final = Level("text word", position="word", counted=True, density=True, above_zero=False)
DOCUMENT: Final = Level("document", position="document")

SEQUENCES: Final = Modality(
    name="sequences",
    sample="document",
    levels=(TOKEN, WORD, DOCUMENT),
    kinds=(),
    opener="andornot.data.sequences.open:open_sequences",
    probe="andornot.probes.tokens:TokenProbe",
    arguments=("weights", "reading", "concepts"),
    options=("positions", "pool", "cut", "overlap"),
    command="andornot.cli.inputs:of_sequences",
    batch=16,
    shown=12,
    network="andornot.runs.sequence_network:load_again",
    gallery="andornot.views.token_gallery:TokenGallery",
    terminal="andornot.cli.terminal:TokenTerminal",
    notebook="andornot.report.notebook_samples:NotebookPassages",
    pages="andornot.report.samples:PassagePages",
    template="passages.html.j2",
)

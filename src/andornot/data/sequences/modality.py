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

SEQUENCES: Final = Modality(
    name="sequences",
    sample="document",
    levels=(Level("text token", position="token", counted=True),),
    kinds=tuple(
        DataKind(name, "sequences", SOURCE) for name in ("texts", "conllu", "spans", "code")
    ),
    opener="andornot.data.sequences.open:open_sequences",
    probe="andornot.probes.tokens:TokenProbe",
    recognise="andornot.data.sequences.looks:recognise",
    check="andornot.data.sequences.check:check_sequences",
)

"""Copy-paste edits: change what a network says by what its units' formulas ask for.

Names are imported on first use, so that ``import andornot.edits`` works without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from andornot._tools.lazy import names_on_first_use

if TYPE_CHECKING:
    from andornot.edits.edits_of_images import (
        Cutout,
        Paste,
        PasteOver,
        Place,
        Recolour,
        read_cutout,
    )
    from andornot.edits.edits_of_words import Delete, Insert, Repeat, Replace, Reword, Word
    from andornot.edits.investigation import AttackOptions, EditExample
    from andornot.edits.result import Attack, attack, finished
    from andornot.edits.session import Edited, EditSession

__all__ = [
    "Attack",
    "AttackOptions",
    "Cutout",
    "Delete",
    "EditExample",
    "EditSession",
    "Edited",
    "Insert",
    "Paste",
    "PasteOver",
    "Place",
    "Recolour",
    "Repeat",
    "Replace",
    "Reword",
    "Word",
    "attack",
    "finished",
    "read_cutout",
]

_HOMES = {
    "Attack": "result",
    "AttackOptions": "investigation",
    "Cutout": "edits_of_images",
    "Delete": "edits_of_words",
    "EditSession": "session",
    "Edited": "session",
    "EditExample": "investigation",
    "Insert": "edits_of_words",
    "Paste": "edits_of_images",
    "PasteOver": "edits_of_images",
    "Place": "edits_of_images",
    "Recolour": "edits_of_images",
    "Repeat": "edits_of_words",
    "Replace": "edits_of_words",
    "Reword": "edits_of_words",
    "Word": "edits_of_words",
    "attack": "result",
    "finished": "result",
    "read_cutout": "edits_of_images",
}

_OLD = {"Desk": "EditSession", "Example": "EditExample"}

__getattr__ = names_on_first_use(__name__, _HOMES, _OLD)


def __dir__() -> list[str]:
    return list(__all__)

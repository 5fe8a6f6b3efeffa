"""Copy-paste edits: change what a network says by what its units' formulas ask for.

Names are imported on first use, so that ``import andornot.edits`` works without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from andornot._lazy import names_on_first_use

if TYPE_CHECKING:
    from andornot.edits.desk import Desk, Edited
    from andornot.edits.images import Cutout, Paste, PasteOver, Place, Recolour, read_cutout
    from andornot.edits.investigation import AttackOptions, Example
    from andornot.edits.result import Attack, attack, finished
    from andornot.edits.words import Delete, Insert, Repeat, Replace, Reword, Word

__all__ = [
    "Attack",
    "AttackOptions",
    "Cutout",
    "Delete",
    "Desk",
    "Edited",
    "Example",
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
    "Cutout": "images",
    "Delete": "words",
    "Desk": "desk",
    "Edited": "desk",
    "Example": "investigation",
    "Insert": "words",
    "Paste": "images",
    "PasteOver": "images",
    "Place": "images",
    "Recolour": "images",
    "Repeat": "words",
    "Replace": "words",
    "Reword": "words",
    "Word": "words",
    "attack": "result",
    "finished": "result",
    "read_cutout": "images",
}

__getattr__ = names_on_first_use(__name__, _HOMES)

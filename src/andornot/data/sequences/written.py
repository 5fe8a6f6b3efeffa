r"""How a label is written in the name of a concept: on one line, and so that all of it is seen.

A space inside stays one; other white space gets the picture that Unicode has for it (``␣ ␊ ␍ ␉``),
so that the token of a line break is ``token:␊``. What cannot be seen, and could turn a line around,
is written by its number, as ``<U+202E>``. Letters are composed (Unicode's NFC), as names of
concepts are when they are compared.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

from andornot.formula import nfc

_LONGEST: Final = 120
_PICTURES: Final = {" ": "␣", "\n": "␊", "\r": "␍", "\t": "␉", "\v": "␋", "\f": "␌"}
_OUTER_SPACE: Final = re.compile(r"^ +| +$| {2,}")
_JOINERS: Final = "\u200c\u200d"
"""They shape the letters of many languages, and emoji: no name is readable without them."""


@lru_cache(maxsize=1 << 16)
def written(label: str) -> str:
    r"""A label as it stands in a name.

    Examples:
        >>> written("New York"), written(" the"), written("\r\n"), written("")
        ('New York', '␣the', '␍␊', '(empty)')
        >>> written("a\u202eb")
        'a<U+202E>b'
    """
    if not label:
        return "(empty)"
    spaced = _OUTER_SPACE.sub(lambda found: "␣" * len(found[0]), nfc(label))
    # a sign at a time only where there is need: most labels are words
    name = spaced if spaced.isprintable() else "".join(map(_seen, spaced))
    if len(name) <= _LONGEST:
        return name
    rest = hashlib.sha256(name.encode()).hexdigest()[:8]  # long labels that begin alike
    return f"{name[:_LONGEST]}…{rest}"


def _seen(sign: str) -> str:
    if sign.isprintable() or sign in _JOINERS:
        return sign
    return _PICTURES.get(sign, f"<U+{ord(sign):04X}>")

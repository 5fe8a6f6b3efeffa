"""What ``tokenize`` says of Python source: sorts of tokens, names, keywords, words, statements."""

from __future__ import annotations

import io
import keyword
import sys
import tokenize
from dataclasses import dataclass, field
from typing import Final

from andornot.data.sequences.python_lines import Lines

_NOWHERE: Final = (tokenize.ENCODING, tokenize.ENDMARKER, tokenize.DEDENT)
_SPACE: Final = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT)


@dataclass
class PythonTokens:
    """Tokens on the characters of a text.

    Attributes:
        layers: ``type``, ``name`` and ``keyword``: start, end and label of each.
        words: all tokens that are no space.
        statements: from the first token of a logical line to its last.
        whole: whether the tokens go to the text's end.
    """

    layers: dict[str, list[tuple[int, int, str]]] = field(
        default_factory=lambda: {"type": [], "name": [], "keyword": []}
    )
    words: list[tuple[int, int]] = field(default_factory=list)
    statements: list[tuple[int, int]] = field(default_factory=list)
    whole: bool = True


def tokens_of(lines: Lines) -> PythonTokens:
    """The tokens of a text, up to where ``tokenize`` reads it."""
    found = PythonTokens()
    begun: int | None = None
    try:
        for token in tokenize.generate_tokens(io.StringIO(lines.plain, newline="").readline):
            if token.type in _NOWHERE:
                continue
            start, end = lines.at(*token.start), lines.at(*token.end)
            if token.type in (tokenize.NEWLINE, tokenize.NL):
                end = lines.end_of(token.start[0])
            if token.type == tokenize.ERRORTOKEN:
                found.whole = False
            if token.type == tokenize.NEWLINE and begun is not None:
                found.statements.append((begun, start))
                begun = None
            if end <= start:
                continue
            _add(found, token, start, end)
            if token.type not in (*_SPACE, tokenize.COMMENT) and begun is None:
                begun = start
    except (tokenize.TokenError, SyntaxError, RecursionError, MemoryError):
        found.whole = False
    return found


def _add(found: PythonTokens, token: tokenize.TokenInfo, start: int, end: int) -> None:
    if token.type == tokenize.ERRORTOKEN and token.string.isspace():
        return
    found.layers["type"].append((start, end, tokenize.tok_name[token.type]))
    if token.type not in _SPACE:
        found.words.append((start, end))
    if token.type == tokenize.NAME:
        layer = "keyword" if keyword.iskeyword(token.string) else "name"
        found.layers[layer].append((start, end, sys.intern(token.string)))

"""Read Python source: what ``ast`` and ``tokenize`` say of it. No code is imported or run."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path
from typing import Final

from andornot._tools.progress import track
from andornot._tools.words import count
from andornot.concepts.provenance import Provenance
from andornot.data.sequences.document import Document, Extents, Spans
from andornot.data.sequences.python_lines import Lines
from andornot.data.sequences.python_syntax import Labelled, syntax_of
from andornot.data.sequences.python_tokens import tokens_of
from andornot.data.sequences.reading import EMPTY, ReadDocuments, bytes_of, files_below, id_of
from andornot.errors import DataError, quoted

SUFFIXES: Final = (".py", ".pyi", ".pyw")

LARGEST: Final = 4_000_000
"""Characters of a file at most: the tree of a larger one takes gigabytes."""

RULES: Final = {
    "node": Provenance.rule("syntax tree (ast)"),
    "role": Provenance.rule("place in the syntax tree (ast)"),
    "scope": Provenance.rule("scopes of the syntax tree (ast)"),
    "builtin": Provenance.rule("built-in names that the file does not bind (ast)"),
    "type": Provenance.rule("tokens (tokenize)"),
    "name": Provenance.rule("names (tokenize)"),
    "keyword": Provenance.rule("keywords (tokenize)"),
}
"""Whom each layer comes from."""

_OF_TREE: Final = ("node", "role", "scope", "builtin")
_OF_TOKENS: Final = ("type", "name", "keyword")
_NO_PYTHON = "a file with text that Python does not read"


def read_code(path: Path) -> ReadDocuments:
    """Read a Python file, or all of a folder.

    A file that does not parse keeps the layers of its tokens up to where they end, and all layers
    are unknown in it that could not be had. Words are Python's tokens, sentences its statements'
    lines.

    Raises:
        DataError: there is no such file; one that is named itself cannot be read as Python text.
    """
    reading = ReadDocuments()
    files = files_below(path, SUFFIXES, reading.dropped)
    unparsed: list[str] = []
    for file in track(files, "reading", len(files)):
        try:
            text = source_of(file)
        except DataError:
            if file == path:
                raise
            reading.dropped[_NO_PYTHON] += 1
            continue
        if not text.strip():
            reading.dropped[EMPTY] += 1
            continue
        document = document_of(id_of(file, path), text)
        if document.unannotated:
            unparsed.append(document.id)
        reading.documents.append(document)
    if unparsed:
        reading.notes.append(
            f"{count(len(unparsed), 'file')} (such as {quoted(unparsed[0])}) can be read only in "
            "part by this Python: layers that could not be had are unknown there."
        )
    layers = {name for document in reading.documents for name in document.layers}
    reading.annotated_by = {name: rule for name, rule in RULES.items() if name in layers}
    return reading


def source_of(path: Path) -> str:
    """The text of a Python file, by the encoding that it declares; line ends as they are.

    Raises:
        DataError: it cannot be decoded, is too large, or holds a zero byte.
    """
    data = bytes_of(path)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        # "utf-8-sig" takes the byte order mark off
        text = data.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise DataError(
            f"{path} cannot be read as Python text ({error}); save it as UTF-8"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: there is a zero byte, so this is no Python; take "
                        "it out")  # fmt: skip
    if len(text) > LARGEST:
        raise DataError(f"{path} has more than {LARGEST:,} characters; cut it, or leave it out")
    return text


def document_of(name: str, text: str) -> Document:
    r"""A document of Python source, with all layers that can be had.

    Examples:
        >>> document = document_of("a.py", "def f(x):\n    return len(x)\n")
        >>> {layer: own.labels for layer, own in document.layers.items()}["builtin"]
        ('len',)
    """
    lines = Lines(text)
    tokens = tokens_of(lines)
    tree = syntax_of(lines)
    layers: dict[str, Labelled] = {**({} if tree is None else tree), **tokens.layers}
    unknown = (*(_OF_TREE if tree is None else ()), *(() if tokens.whole else _OF_TOKENS))
    return Document(
        name,
        text,
        {layer: Spans.of(spans) for layer, spans in layers.items() if spans},
        words=Extents.of(tokens.words),
        sentences=Extents.of(tokens.statements),
        unannotated=frozenset(unknown),
    )

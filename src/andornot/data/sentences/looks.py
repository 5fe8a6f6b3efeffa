"""What a file of sentence pairs holds, by its first lines and not by its name.

Tokens between blanks are a format that any text fits, so whatever is not refused here would become
tokens without a word.
"""

from __future__ import annotations

import re
from pathlib import Path

from andornot._tools.looks import check_file
from andornot.errors import DataError

TOKENS, TABLE, LINES, FEATS, CONLLU = "tokens", "a table", "JSON lines", ".feats", "CoNLL-U"

SUFFIXES = {
    ".tok": TOKENS, ".csv": TABLE, ".tsv": TABLE, ".jsonl": LINES, ".feats": FEATS,
    ".conllu": CONLLU,
}  # fmt: skip
"""What the name of a file promises."""

_ONLY_TEXT = (*SUFFIXES, ".txt")
_LABELS_OF_BRODEN = "label.csv"

_HEAD = 1 << 16
_LINES = 50
_PACKED = {
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a zip archive (or a spreadsheet)",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstandard archive",
    b"7z\xbc\xaf": "a 7z archive",
}
_BINARY = {b"PAR1": "Parquet", b"ARROW1": "Arrow", b"\x80": "a pickle"}
_FEATS_HEADER = re.compile(r"[\w.-]+;(open|closed|multi)(\|[\w.-]+;(open|closed|multi))*\s*")
_CONLLU_LINE = re.compile(r"\d+([-.]\d+)?(\t[^\t]*){9}\s*")
_TAB = re.compile(r"\t")
# in running text a comma is followed by a blank, unless it stands between digits
_COMMA = re.compile(r"(?<=[^\s\d])[,;](?=\S)|(?<=\d)[,;](?=[^\s\d])")
_COLUMN = re.compile(r'"?(premise|hypothesis|sentence|text|gold_label|label)\w*"?', re.IGNORECASE)


def recognise(path: Path) -> str:
    """The kind of sentence pairs that a file's name tells; empty if it tells of none."""
    # the index of a Broden folder is a table too
    if path.suffix not in _ONLY_TEXT or not path.is_file() or _is_index(path):
        return ""
    return "snli" if path.suffix == ".jsonl" else "pairs"


def _is_index(path: Path) -> bool:
    return (path.parent / _LABELS_OF_BRODEN).is_file()


def looks_like(path: Path) -> str:
    """What a file holds: one of the constants above; tokens if it is none of the others.

    Raises:
        DataError: the file cannot be read, or is of a kind that no reader takes.
    """
    head = _head(path)
    _refuse_binary(path, head)
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if len(head) == _HEAD:
        text = text.rpartition("\n")[0] or text  # the last line is cut off
    _refuse_other_text(path, text)
    if re.match(r'\{\s*("[^"]*"\s*:|\})', text):
        return LINES
    lines = [line.strip() for line in text.split("\n")[:_LINES] if line.strip()]
    if lines and _FEATS_HEADER.fullmatch(lines[0]):
        return FEATS
    plain = [line for line in lines if not line.startswith("#")]
    if plain and _CONLLU_LINE.fullmatch(plain[0]):
        return CONLLU
    return TABLE if _is_table(lines) else TOKENS


def check_suffix(path: Path, found: str) -> None:
    """Refuse a file whose name promises what it does not hold.

    Raises:
        DataError: the name of the file says one format, its lines another.
    """
    promised = SUFFIXES.get(path.suffix.lower(), found)
    # a table whose header names nothing that we know has an error of its own, and so has damage
    if found not in (promised, TOKENS):
        ends = " or ".join(s for s, what in SUFFIXES.items() if what == found)
        raise DataError(
            f"{path} should hold {promised} by its name, but looks like {found}; "
            f"give it a name that ends in {ends}"
        )


def _head(path: Path) -> bytes:
    check_file(path)
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); give a text file of sentence pairs"
        ) from None


def _refuse_binary(path: Path, head: bytes) -> None:
    packed = next((what for start, what in _PACKED.items() if head.startswith(start)), None)
    if packed:
        raise DataError(f"{path} is {packed}; unpack it, and give the text file in it")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path} cannot be read (it is not UTF-8); save it as UTF-8")
    binary = next((what for start, what in _BINARY.items() if head.startswith(start)), None)
    if binary or b"\0" in head:
        raise DataError(
            f"{path} is no text ({binary or 'it holds zero bytes'}); write the pairs as JSON lines "
            "(in pandas: frame.to_json(FILE, orient='records', lines=True)) and give that file"
        )


def _refuse_other_text(path: Path, text: str) -> None:
    if re.match(r'\[\s*(\{\s*"|\[\s*["\[{]|"[^"]*"\s*,\s*"|\]\s*$)', text):
        raise DataError(
            f"{path} is a JSON array; write JSON lines, an object a line without the outer "
            "brackets (in pandas: frame.to_json(FILE, orient='records', lines=True))"
        )
    if re.match(r"<(\?xml|!doctype|html)", text, re.IGNORECASE):
        raise DataError(f"{path} is XML or HTML; give a text file of sentence pairs")


def _is_table(lines: list[str]) -> bool:
    """Whether the first line names columns, or all have as many separators."""
    cells = re.split(r"\t|(?<=\S)[,;](?=\S)", lines[0]) if lines else []
    if len(cells) > 1 and any(_COLUMN.fullmatch(cell.strip()) for cell in cells):
        return True
    return len(lines) > 1 and any(
        len({len(separator.findall(line)) for line in lines}) == 1 and separator.search(lines[0])
        for separator in (_TAB, _COMMA)
    )

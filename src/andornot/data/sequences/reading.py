"""What readers of running text share: files of a folder, their text, what was read and left out."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from andornot._tools.checks import has_halves
from andornot._tools.looks import JSON_LINES, TEXT, amiss, check_file
from andornot._tools.words import count
from andornot.concepts.provenance import Provenance
from andornot.data.sequences.document import Document
from andornot.errors import DataError, OptionError, quoted

LARGEST: Final = 2**31 - 1
"""Characters of a document at most: places are counted in 32 bits."""

EMPTY: Final = "an empty text"
_SPLIT = re.compile(r"(?:^|[-_./])(train|dev|test|valid|validation|val)(?=[-_./]|$)")
_OUTSIDE = "a link that leads out of the folder"


@dataclass
class ReadDocuments:
    """What a reader found.

    Attributes:
        documents: in the order of the files.
        annotated_by: whom each layer, and each category of labels, comes from.
        dropped: how many pieces were left out, by reason.
        notes: what is odd and was not left out, a sentence each.
        class_category: the category of labels that is a document's class; empty if none is.
        independent: whether each document is a group of its own, whatever it says.
    """

    documents: list[Document] = field(default_factory=list)
    annotated_by: dict[str, Provenance] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    class_category: str = ""
    independent: bool = False


def files_below(path: Path, suffixes: Sequence[str], dropped: Counter[str]) -> list[Path]:
    """A file itself, or the files of a folder and of folders in it, by name.

    Names that begin with a dot are passed over; a link that leads out of the folder is left out,
    since a folder of a stranger could have one to any file of this machine.

    Args:
        path: a file or a folder.
        suffixes: how the names of wanted files end; a file that is named itself may be called
            anything.
        dropped: where it is counted what was left out.

    Raises:
        DataError: nothing is there, or no such file.
    """
    if not path.is_dir():
        check_file(path)
        if not path.is_file():
            raise DataError(f"there is no file or folder {path}; name one that is there")
        return [path]
    root, found = path.resolve(), []
    for at, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(at, name)
            if name.startswith(".") or file.suffix.lower() not in suffixes or not file.is_file():
                continue
            if file.is_symlink() and not file.resolve().is_relative_to(root):
                dropped[_OUTSIDE] += 1
            else:
                found.append(file)
    if not found:
        raise DataError(f"{path} has no file that ends in {' or '.join(suffixes)}; give another")
    return found


def id_of(file: Path, path: Path) -> str:
    """What the document of a file is called: its path in the folder, or its name."""
    return file.name if file == path else file.relative_to(path).as_posix()


def split_of(name: str) -> str:
    """The split that the name of a file or folder says, as ``ewt-dev.conllu``; empty if none.

    Examples:
        >>> split_of("en_ewt-ud-dev.conllu"), split_of("latest.conllu")
        ('dev', '')
    """
    found = _SPLIT.findall(name)
    return str(found[-1]) if found else ""


def bytes_of(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: it cannot be read, or is too large.
    """
    check_file(path)
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is larger than 2 GB; cut it into several files")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}; name one that is there") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give a file of text") from None


def text_of(path: Path) -> str:
    r"""The text of a file in UTF-8, its line ends as they are, without a byte order mark.

    Raises:
        DataError: it cannot be read, is no UTF-8, or holds a zero byte; with the line.
    """
    data = bytes_of(path).removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = f"{path}, line {data.count(bytes((10,)), 0, error.start) + 1}"
        raise DataError(f"{where}: cannot be read as UTF-8: {amiss(data, TEXT)}") from None
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise DataError(f"{path}, line {line}: there is a zero byte, so this is no text; take "
                        "it out")  # fmt: skip
    return text


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    r"""The lines of a text file, each with its number and without its end.

    Only a line feed ends a line, with or without a carriage return before it: other separators of
    Unicode may stand in a text.

    Raises:
        DataError: as :func:`text_of`.
    """
    text = text_of(path)
    begin = 0
    number = 0
    while begin < len(text):
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        number += 1
        yield number, text[begin:end].removesuffix("\r")
        begin = end + 1


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file of JSON lines, each with its file and line in words.

    Raises:
        DataError: a line is no object; or as :func:`text_of`.
    """
    for number, line in lines_of(path):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{where}: this is no JSON ({quoted(str(error))}); give {JSON_LINES}, an object a "
                "line"
            ) from None
        if not isinstance(record, dict):
            raise DataError(f"{where}: this is {quoted(record)}; give an object a line")
        yield where, record


def text_field(value: object, what: str, where: str) -> str:
    """A value that must be a text.

    Raises:
        DataError: it is none, or holds half a character or a zero.
    """
    if not isinstance(value, str) or has_halves(value) or "\0" in value:
        raise DataError(f"{where}: {what} is {quoted(value)}, which is no text; mend the line")
    return value


def values_of(value: object, what: str, where: str) -> tuple[str, ...]:
    """The labels that a value says: of a text, a number, or a list of them; none of a gap.

    Raises:
        DataError: it is something else.
    """
    if isinstance(value, list):
        each = [values_of(one, what, where) for one in value if not isinstance(one, list)]
        if len(each) == len(value):
            return tuple(dict.fromkeys(label for labels in each for label in labels))
    # pandas writes a gap as NaN, and whole numbers as floats where one is missing
    if value is None or value != value:
        return ()
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int | float):
        return (quoted(value),)
    label = " ".join(text_field(value, what, where).split())
    return (label,) if label else ()


def check_category(name: object, where: str) -> str:
    """The name of a layer, or of a category of labels: what stands before a concept's colon.

    Raises:
        DataError: it is blank or no text, or has a colon itself.
    """
    category = " ".join(text_field(name, "the name of a layer", where).split())
    if not category or ":" in category:
        raise DataError(
            f"{where}: a layer is called {quoted(name)}; give it a name without a colon"
        )
    return category


def told(path: Path, reading: ReadDocuments) -> ReadDocuments:
    """The same, if there is a document, and layers and labels of documents do not share a name.

    Raises:
        DataError: there is none, or they do.
    """
    if not reading.documents:
        why = ", ".join(f"{count(n, 'time')} {what}" for what, n in reading.dropped.items())
        raise DataError(
            f"{path} holds no document{f' ({why})' if why else ''}; give a file with some text"
        )
    layers = {name for document in reading.documents for name in document.layers}
    labels = {name for document in reading.documents for name in document.labels}
    for name in sorted(layers & labels):
        raise DataError(
            f"{path} has a layer {quoted(name)}, and labels of documents of that name; rename one"
        )
    return reading


def check_options(kind: str, given: Mapping[str, str], known: Sequence[str]) -> None:
    """Refuse options that a reader has no use for.

    Raises:
        OptionError: there is one.
    """
    for name in given:
        if name not in known:
            raise OptionError(
                f"{kind}: has no option {quoted(name)}; it has "
                f"{', '.join(known) or 'none but split, limit and group'}"
            )

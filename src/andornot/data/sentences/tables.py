"""Tables and lines of text files: cells by row, columns by name; every damage with file and row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from andornot._tools.looks import TABLE, TEXT, amiss, check_file
from andornot.errors import DataError, OptionError, quoted


def find_columns(
    path: Path,
    header: Sequence[str],
    names: Mapping[str, str],
    known: Mapping[str, tuple[str, ...]],
    needed: Sequence[str],
    otherwise: str = "",
) -> dict[str, int]:
    """Where each column that we know stands in the header.

    Args:
        path: the file, for messages.
        header: the names of its columns.
        names: what a user calls some of them.
        known: by what names the column of each key is known otherwise.
        needed: keys whose column must be there.
        otherwise: more advice where one is missing, behind a comma.

    Raises:
        DataError: a column that is needed, or that the user names, is missing.
        OptionError: ``names`` has a key that is not known.
    """
    used = {}
    for key, choices in names_of(names, known).items():
        found = next((header.index(name) for name in choices if name in header), None)
        if found is not None:
            _check_once(path, header, header[found])
            used[key] = found
        elif key in names or key in needed:
            raise DataError(
                f"{path} has no column {' or '.join(map(repr, choices))} for the {key} (its header "
                f"names {', '.join(header)[:200]}); say what it is called (`,{key}=NAME` behind "
                f"the file, or columns){otherwise}"
            )
    return used


def _check_once(path: Path, header: Sequence[str], name: str) -> None:
    """Refuse a column that is there twice: which one is meant, nobody can tell."""
    if header.count(name) > 1:
        raise DataError(
            f"{path} has {header.count(name)} columns called {quoted(name)}; rename all but one"
        )


def names_of(
    given: Mapping[str, str], known: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """What the column of each key may be called.

    Raises:
        OptionError: a key is given that is not known.
    """
    if unknown := sorted(set(given) - set(known)):
        raise OptionError(f"columns has no key {quoted(unknown[0])}; there are {', '.join(known)}")
    return {key: (given[key],) if key in given else usual for key, usual in known.items()}


def table_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The header of a CSV or TSV file, then its rows; each with its line number.

    Raises:
        DataError: the file cannot be read, is empty, or has a row of another number of cells.
    """
    header: list[str] = []
    for number, cells in _cells(path):
        if not cells:
            continue
        if not header:
            header = cells = [cell.strip() for cell in cells]
        if len(cells) != len(header):
            raise DataError(
                f"{path}, row {number}: {len(cells)} cells for the {len(header)} columns of the "
                "header; put cells that hold the separator in quotes"
            )
        yield number, cells
    if not header:
        raise DataError(f"{path} is empty; its first line must name the columns")


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line; none of a blank one.

    Where each line has the same number of tabs, the tabs alone part the cells: a quote is a sign
    of the sentence then (as SNLI's, MNLI's and GLUE's tables have them), unless it encloses the
    whole cell.
    """
    tabs = {line.count("\t") for _, line in text_lines(path) if line.strip("\r\n")}
    _check_line_ends(path)
    if len(tabs) != 1 or tabs == {0}:
        yield from _quoted_cells(path, "\t" if any(tabs) else ",")
        return
    for number, line in text_lines(path):
        plain = line.rstrip("\r\n")
        yield number, [_unquoted(cell) for cell in plain.split("\t")] if plain else []


def _check_line_ends(path: Path) -> None:
    """Refuse a header with a carriage return inside: it holds the rows that follow, too."""
    header = next((line for _, line in text_lines(path) if line.strip()), "")
    if "\t" in header and "\r" in header.rstrip("\r\n"):
        raise DataError(
            f"{path}, line 1: lines end in a carriage return alone, as those of old Macs do; save "
            "the file with line feeds"
        )


def _unquoted(cell: str) -> str:
    """A cell without the quotes of a spreadsheet, if they enclose it and are doubled inside."""
    inner = cell[1:-1].replace('""', "")
    enclosed = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner
    return cell[1:-1].replace('""', '"') if enclosed else cell


def _quoted_cells(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Cells by the rules of CSV, where a quoted cell may hold the separator or a line's end."""
    check_file(path)
    try:
        # spreadsheets begin a file with a byte order mark
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for cells in reader:
                yield reader.line_num, cells
    except csv.Error as error:
        raise DataError(
            f"{path}, row {reader.line_num}: {error}; double the quotes inside quoted cells"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file in UTF-8, each with its number.

    Raises:
        DataError: the file cannot be read.
    """
    check_file(path)
    try:
        # only a line feed ends a line: other separators of Unicode may stand in a sentence
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            yield from enumerate(file, 1)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError | UnicodeDecodeError) -> DataError:
    if isinstance(error, UnicodeDecodeError):
        why = amiss(path, TEXT, TABLE)
        line = _first_undecoded(path)
        return DataError(
            f"{path} cannot be read (it is not UTF-8): {why} (line {line} is the first)"
        )
    return DataError(
        f"{path} cannot be read ({error.strerror}); give a text file of sentence pairs"
    )


def _first_undecoded(path: Path) -> int:
    """The number of the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1

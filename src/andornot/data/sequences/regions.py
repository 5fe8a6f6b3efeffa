"""Read sequences in FASTA with a table of regions on them, in BED or GFF.

BED counts from 0 and names the place behind the last; GFF counts from 1 and names the last itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from andornot._tools.numerals import whole
from andornot._tools.words import count
from andornot.concepts.provenance import Provenance
from andornot.data.sequences.document import Document, Spans
from andornot.data.sequences.reading import EMPTY, ReadDocuments, lines_of
from andornot.data.sequences.spans import check_place
from andornot.errors import DataError, OptionError, quoted

FASTA: Final = (".fasta", ".fa", ".faa", ".fna", ".fas", ".ffn")
BED: Final = (".bed",)
GFF: Final = (".gff", ".gff3", ".gtf")

_REGION, _STRAND = "region", "strand"
_STRANDS = ("+", "-")
_OF_OTHERS = "regions of sequences that are not there"
_FIELDS_OF_GFF = 9
_FEWEST_OF_BED = 3


def read_regions(
    path: Path,
    regions: Path | None = None,
    covered: str = "named",
    attributes: Sequence[str] = (),
) -> ReadDocuments:
    """Read sequences and, if given, what lies on them.

    The name of a BED line, or the type of a GFF line, becomes the layer ``region``, its strand
    the layer ``strand``. A sequence that no line names (nor ``##sequence-region``) was not looked
    at: its layers are unknown there.

    Args:
        path: the FASTA file.
        regions: the table.
        covered: ``named``, or ``all`` if a sequence that the table does not name has no region.
        attributes: attributes of GFF that become layers too, such as ``Note``.

    Raises:
        DataError: a line is damaged, or a region does not lie in its sequence.
        OptionError: ``covered`` is something else, or BED shall have attributes.
    """
    if covered not in ("named", "all"):
        raise OptionError(f"covered is {quoted(covered)}; give named or all")
    reading = ReadDocuments()
    sequences = _sequences(path, reading)
    if regions is None:
        _add(reading, sequences, _Table(), everywhere=True)
        return reading
    is_bed = regions.suffix.lower() in BED
    if not is_bed and regions.suffix.lower() not in GFF:
        raise OptionError(f"regions is {regions}; give a file that ends in .bed, .gff or .gff3")
    if is_bed and attributes:
        raise OptionError(f"{regions} is BED, which has no attributes; leave attributes out")
    table = _Table()
    for line in _bed_lines(regions) if is_bed else _gff_lines(regions, attributes, table):
        text = sequences.get(line.sequence)
        if text is None:
            reading.dropped[_OF_OTHERS] += 1
            continue
        check_place(line.start, line.end, len(text), line.where, 0 if is_bed else 1)
        table.named.add(line.sequence)
        for layer, label in line.labels:
            table.spans[line.sequence][layer].append((line.start, line.end, label))
    if not table.spans and not table.named & sequences.keys():
        raise DataError(
            f"{regions} names no sequence of {path}, which has {', '.join(sequences)[:200]}; give "
            "the table that belongs to it"
        )
    _add(reading, sequences, table, everywhere=covered == "all")
    return reading


@dataclass
class _Table:
    """Regions by sequence and layer, and the sequences that are named at all."""

    spans: defaultdict[str, defaultdict[str, list[tuple[int, int, str]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    named: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Line:
    """A region: its place from 0, the place behind its last, and its labels by layer."""

    where: str
    sequence: str
    start: int
    end: int
    labels: tuple[tuple[str, str], ...]


def _add(
    reading: ReadDocuments, sequences: dict[str, str], table: _Table, everywhere: bool
) -> None:
    layers = {name for spans in table.spans.values() for name in spans}
    for name, text in sequences.items():
        known = everywhere or name in table.named
        own = {layer: Spans.of(spans) for layer, spans in table.spans[name].items()}
        unknown = frozenset() if known else frozenset(layers)
        reading.documents.append(Document(name, text, own, unannotated=unknown))
    unknown_ones = sum(bool(document.unannotated) for document in reading.documents)
    if unknown_ones:
        reading.notes.append(
            f"The table does not name {count(unknown_ones, 'sequence')} of {len(sequences):,}: "
            "what is there is unknown (say `,covered=all` if nothing is)."
        )
    reading.annotated_by = dict.fromkeys(sorted(layers), Provenance.people("table of regions"))


def _sequences(path: Path, reading: ReadDocuments) -> dict[str, str]:
    """The sequences of a FASTA file by the first word of their headers."""
    parts: dict[str, list[str]] = {}
    own: list[str] | None = None
    for number, line in lines_of(path):
        where = f"{path}, line {number}"
        if line.startswith(">"):
            name = " ".join(line[1:].split()[:1])
            if not name or name in parts:
                why = f"the sequence {quoted(name)} stands twice" if name else "no name stands here"
                raise DataError(f"{where}: {why}; give each sequence its own name")
            own = parts[name] = []
        elif line.strip() and not line.startswith(";"):
            if own is None:
                raise DataError(
                    f"{where}: a sequence stands before any header; FASTA begins with >NAME"
                )
            own.append("".join(line.split()))
    found = {name: "".join(lines) for name, lines in parts.items()}
    kept = {name: text for name, text in found.items() if text}
    if len(kept) < len(found):
        reading.dropped[EMPTY] += len(found) - len(kept)
    return kept


def _rows(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Lines with tabs between cells, each with its number and as it stands; no comments."""
    for number, line in lines_of(path):
        if line.strip():
            yield number, line, line.split("\t")


def _bed_lines(path: Path) -> Iterator[_Line]:
    for number, line, cells in _rows(path):
        if line.startswith(("#", "track", "browser")) and len(cells) < _FEWEST_OF_BED:
            continue
        if line.startswith("#"):
            continue
        # the format allows blanks between cells where no name has one
        cells = cells if len(cells) >= _FEWEST_OF_BED else line.split()
        where = f"{path}, line {number}"
        if len(cells) < _FEWEST_OF_BED:
            raise DataError(
                f"{where}: BED needs {_FEWEST_OF_BED} columns (sequence, start, end), here "
                f"are {len(cells)}; mend the line"
            )
        start, end = (_place(cell, where) for cell in cells[1:3])
        name = " ".join(cells[3].split()) if len(cells) > 3 else ""
        labels = [(_REGION, name if name not in ("", ".") else _REGION)]
        if len(cells) > 5 and cells[5] in _STRANDS:
            labels.append((_STRAND, cells[5]))
        yield _Line(where, cells[0].strip(), start, end, tuple(labels))


def _gff_lines(path: Path, attributes: Sequence[str], table: _Table) -> Iterator[_Line]:
    for number, line, cells in _rows(path):
        if line.startswith(("##FASTA", ">")):
            return
        if line.startswith("#"):
            words = line.split()
            if words[0] == "##sequence-region" and len(words) > 1:
                table.named.add(unquote(words[1]))
            continue
        where = f"{path}, line {number}"
        # UniProt ends some lines with a tab, older ones have no attributes
        if not _FIELDS_OF_GFF - 1 <= len(cells) <= _FIELDS_OF_GFF + 1:
            raise DataError(
                f"{where}: GFF has {_FIELDS_OF_GFF} columns with tabs between them, here are "
                f"{len(cells)}; mend the line"
            )
        start, end = (_place(cell, where) for cell in cells[3:5])
        labels = [(_REGION, " ".join(cells[2].split()) or _REGION)]
        if cells[6] in _STRANDS:
            labels.append((_STRAND, cells[6]))
        said = _attributes(cells[8] if len(cells) > _FIELDS_OF_GFF - 1 else "")
        labels += [(name, label) for name in attributes for label in said.get(name, ())]
        yield _Line(where, unquote(cells[0].strip()), start - 1, end, tuple(labels))


def _attributes(cell: str) -> dict[str, list[str]]:
    """What ``Name=a,b;Note=c`` says; the older ``name "a"; note "c"`` too."""
    found: dict[str, list[str]] = {}
    for part in cell.split(";"):
        name, sign, value = part.strip().partition("=")
        if sign:
            values = [unquote(one) for one in value.split(",")]
        else:
            name, _, value = part.strip().partition(" ")
            values = [value.strip().strip('"')]
        found[name] = [label for one in values if (label := " ".join(one.split()))]
    return found


def _place(cell: str, where: str) -> int:
    found = whole(cell.strip())
    if found is None:
        raise DataError(f"{where}: a place is {quoted(cell)}; give a whole number")
    return found

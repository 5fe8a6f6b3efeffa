"""Relations between concepts that a user brings: hypernyms, lemmas, synonyms, ...

A relation has a name, in capitals, and gives for each concept those whose union it stands for:

    {"KIND": {"animal": ["dog", "cat", "horse"], "dog": ["puppy", "poodle"]}}

It adds a concept ``KIND(animal)``, which takes part in every search (see
``ConceptTable.derive``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from andornot._tools.looks import check_file
from andornot._tools.safe_yaml import load_yaml
from andornot.concepts.provenance import Provenance
from andornot.concepts.table import ConceptTable
from andornot.errors import DataError, OptionError, quoted

Relations = Mapping[str, Mapping[str, Sequence[str]]]
Spellings = Callable[[str], Sequence[str]]
"""What a name in a relation may be called in the table, as ``dog``: ``pre:dog``, ``hyp:dog``."""


def read_relations(path: str | Path) -> Relations:
    """Read relations from a YAML or JSON file.

    Raises:
        DataError: the file cannot be read, or is not made of relations.

    Examples:
        >>> from pathlib import Path
        >>> _ = Path("kinds.yaml").write_text("KIND: {animal: [dog, cat]}")
        >>> read_relations("kinds.yaml")
        {'KIND': {'animal': ['dog', 'cat']}}
    """
    path = Path(path)
    check_file(path)
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else load_yaml(text)
    except (OSError, ValueError, RecursionError) as error:
        plain = " ".join(str(error).split())
        raise DataError(f"the relations {path} cannot be read: {plain}") from error
    check_relations(found, str(path))
    relations: Relations = found
    return relations


def check_relations(relations: object, where: str) -> None:
    """Refuse what is not ``{relation: {concept: [concepts]}}``.

    Raises:
        DataError: something else was given.
    """
    if not isinstance(relations, Mapping) or not relations:
        raise DataError(f"{where} must give relations as {{NAME: {{concept: [concepts]}}}}")
    for relation, related in relations.items():
        if not isinstance(related, Mapping) or not related:
            raise DataError(f"{where}: {relation} must give a list of concepts for each concept")
        for concept, members in related.items():
            listed = isinstance(members, Sequence) and not isinstance(members, str)
            if not listed or not all(isinstance(m, str) for m in (concept, *members)):
                raise DataError(
                    f"{where}: {relation} of {quoted(concept)} must be a list of names (put quotes "
                    "round words such as no, yes and numbers)"
                )


def with_relations(
    table: ConceptTable,
    relations: Relations,
    spellings: Spellings,
    provenance: Provenance | None = None,
) -> ConceptTable:
    """Derive the concepts of all relations; names that the table does not know are passed over.

    Args:
        table: the concept table.
        relations: as in :func:`read_relations`.
        spellings: what a name of a relation may be called in the table; members are sought in the
            same spelling as the concept that they belong to.
        provenance: whom the relations come from.

    Raises:
        OptionError: nothing of a relation is in the table.
    """
    # of the table as it was given: relations are of plain concepts, not of each other
    known = set(table.names)
    for relation, related in relations.items():
        derived: dict[str, list[str]] = {}
        for concept, members in related.items():
            rows = [spellings(member) for member in members]
            for place, name in enumerate(spellings(concept)):
                # members of the same spelling only: `pre:dog` is no part of `KIND(hyp:animal)`
                there = [row[place] for row in rows if len(row) > place and row[place] in known]
                if name in known and there:
                    derived[name] = there
        if not derived:
            raise OptionError(
                f"the relation {relation} has no concept of this data together with one of its "
                f"members; concepts are called for instance {', '.join(table.names[:3])}"
            )
        table = table.derive(relation, derived, provenance)
    return table

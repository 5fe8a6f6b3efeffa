"""Concepts that are unions of others: a user's relations, and the nearest words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from andornot.concepts.provenance import Provenance
from andornot.concepts.relations import Relations, Spellings, with_relations
from andornot.concepts.table import ConceptTable

RELATIONS = Provenance.rule("relations of the user")
NEAREST = Provenance.rule("nearest words by their vectors")


@dataclass(frozen=True)
class Related:
    """Relations of the user; a ``base.DerivedSource``.

    Attributes:
        relations: for each name of a relation, concepts with those whose union they stand for.
        spellings: what a name of a relation may be called in a table.
    """

    relations: Relations
    spellings: Spellings
    provenance: Provenance = RELATIONS

    def key(self) -> Mapping[str, Any]:
        """The relations."""
        return {"relations": self.relations}

    def derive(self, table: ConceptTable) -> ConceptTable:
        """The table with a concept for each of them.

        Raises:
            OptionError: nothing of a relation is in the table.
        """
        return with_relations(table, self.relations, self.spellings, self.provenance)


@dataclass(frozen=True)
class Neighbors:
    """Unions of a word and its nearest ones; a ``base.DerivedSource``.

    Attributes:
        operator: what the unions are called, ``NEIGHBORS``.
        related: for each concept those whose union is taken.
        provenance: by whose vectors.
    """

    operator: str
    related: Mapping[str, tuple[str, ...]]
    provenance: Provenance = NEAREST

    def key(self) -> Mapping[str, Any]:
        """The words."""
        return {"operator": self.operator, "related": self.related}

    def derive(self, table: ConceptTable) -> ConceptTable:
        """The table with a concept for each word."""
        return table.derive(self.operator, self.related, self.provenance)

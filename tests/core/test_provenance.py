"""Whom concepts come from: kept by tables, told in words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from andornot.concepts.provenance import UNKNOWN, Provenance, told, warning
from andornot.concepts.relations import with_relations
from andornot.concepts.table import ConceptTable
from andornot.errors import DataError, OptionError


def test_a_table_keeps_whom_concepts_come_from(tmp_path):
    people, net = Provenance.people("us"), Provenance.network("seg")
    plain = ConceptTable.from_masks(np.eye(3, dtype=bool), ["a", "b", "c"])
    table = plain.told_by([people, net, UNKNOWN])
    assert table.digest == plain.digest  # no search sees it
    rule = Provenance.rule("kinds")
    related = {"KIND": {"a": ["a", "b"], "c": ["c", "a"]}}
    derived = with_relations(table, related, lambda name: (name,), rule)
    # a union errs where the network of a member does
    assert derived.provenance == (people, net, UNKNOWN, net, rule)
    derived.save(tmp_path / "t")
    assert ConceptTable.load(tmp_path / "t").provenance == derived.provenance
    plain.save(tmp_path / "p")
    assert "provenance" not in json.loads((tmp_path / "p/concepts.json").read_text())
    assert ConceptTable.load(tmp_path / "p").provenance == ()
    other = ConceptTable.from_masks(np.eye(2, dtype=bool), ["b", "d"]).told_by([people, people])
    assert table.merge(other).provenance == (people, net, UNKNOWN, people)
    assert plain.merge(plain).provenance == ()


@pytest.mark.parametrize(
    "damage",
    [
        {"list": [["people", ""]], "of": [0]},
        {"list": [["martians", ""]], "of": [0, 0]},
        {"list": [["people", ""]], "of": [0, 1]},
        {"list": [["people", ""]], "of": [0, -1]},
        {"list": [["people", 3]], "of": [0, 0]},
        {"of": [0, 0]},
        [1],
        "x",
    ],
)
def test_a_damaged_provenance_is_told(tmp_path, damage):
    table = ConceptTable.from_masks(np.eye(2, dtype=bool), ["a", "b"])
    table.told_by([UNKNOWN, Provenance.people()]).save(tmp_path / "t")
    path = tmp_path / "t" / "concepts.json"
    meta = json.loads(path.read_text())
    path.write_text(json.dumps(meta | {"provenance": damage}))
    with pytest.raises(DataError, match=r"concepts\.json is missing or damaged"):
        ConceptTable.load(tmp_path / "t")


def test_provenance_in_words():
    several = [Provenance.rule("words"), Provenance.people("coco"), Provenance.people("coco")]
    assert told([*several, UNKNOWN]) == (
        "2 by people (coco), 1 by a rule (words), 1 of unknown origin"
    )
    assert warning(several) == ""
    for odd in ("martians", 3, "", "networks x"):
        with pytest.raises(OptionError, match="write people, rule or network"):
            Provenance.of(odd)
    assert warning([Provenance.network("seg")]).startswith(
        "1 concept was labelled by a trained model (seg) and not by people"
    )
    with pytest.raises(OptionError, match="give one of people, rule"):
        Provenance("martians")  # type: ignore[arg-type]

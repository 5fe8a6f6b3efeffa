"""All of UD English-EWT, where it lies: each kind of concept counted again by other code."""

import itertools
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from andornot.concepts.table import ConceptTable
from andornot.data.sequences.document import Extents
from andornot.data.sequences.open import open_sequences
from andornot.data.sequences.options import ConceptOptions
from andornot.data.sequences.table import build_token_table
from andornot.data.sequences.view import DocumentView

SUPPORT = (20, 10)


def rows_of(paths):
    """Of each document its id, and of each of its sentences the cells of the words."""
    found, rows = [], []
    for line in itertools.chain.from_iterable(p.read_text("utf-8").split("\n") for p in paths):
        cells = line.split("\t")
        if line.startswith("# newdoc id = "):
            found.append((line[14:].strip(), []))
        elif len(cells) == 10 and cells[0].isdigit():
            rows.append(cells)
        elif not line.strip() and rows:
            found[-1][1].append(rows)
            rows = []
    return found


def labels_of(name, cells):
    """What the columns, and the form, say of a word."""
    form = cells[1]
    low = form.lower()
    yield from (f"word:{low}", f"genre:{name.split('-')[0]}", f"tag:{cells[3]}")
    if cells[2] != "_" or form == "_":
        yield f"lemma:{cells[2]}"
    if cells[4] != "_":
        yield f"xpos:{cells[4]}"
    for feature in [] if cells[5] == "_" else cells[5].split("|"):
        yield f"feat:{feature}"
    yield from {f"deprel:{cells[7]}", f"deprel:{cells[7].split(':')[0]}"}
    if low.isalpha():
        for n in (2, 3, 4):
            if len(low) >= n + 2:
                yield from (f"prefix:{low[:n]}-", f"suffix:-{low[-n:]}")
    if re.fullmatch("[0-9]+", form):
        yield from ("digits:all", f"shape:{'d' * len(form)}")
    if re.fullmatch("[a-z]+", form):
        yield "case:lower"
    elif re.fullmatch("[A-Z][a-z]*", form):
        yield "case:Title"
    elif re.fullmatch("[A-Z]+", form):
        yield "case:UPPER"
    if not any(sign.isalnum() for sign in form):
        yield from ["sign:period"] * ("." in form) + ["sign:comma"] * ("," in form)


def places_of(at, n):
    """Where the at-th word of a sentence of n stands, from 1."""
    yield "last" if at == n else ""
    for low, high, label in (
        (1, 1, "1st"), (2, 2, "2nd"), (3, 5, "3rd-5th"), (6, 10, "6th-10th"),
        (11, 20, "11th-20th"), (21, 10**9, "21st or later"),
    ):  # fmt: skip
        yield label if low <= at <= high else ""


def counted(documents):
    """On how many words, and in how many documents, each label is."""
    positions, where = Counter(), defaultdict(set)
    for name, sentences in documents:
        seen, pairs, before, place = set(), set(), None, 0
        for rows in sentences:
            for at, cells in enumerate(rows, 1):
                held = set(labels_of(name, cells))
                held |= {f"sentence:{label}" for label in places_of(at, len(rows)) if label}
                low, form = cells[1].lower(), cells[1]
                held |= {"repeats:word"} & {"repeats:word" * (low in seen)}
                held |= {"repeats:token pair"} & {"repeats:token pair" * ((before, form) in pairs)}
                if place < 2:
                    held.add(f"window:{place}")
                seen.add(low)
                pairs.add((before, form))
                before, place = form, place + 1
                positions.update(held)
                for label in held:
                    where[label].add(name)
    return positions, {label: len(own) for label, own in where.items()}


def table_of(paths, folder, positions=None):
    spec = paths[0] if len(paths) == 1 else paths[0].parent
    data = open_sequences(f"conllu:{spec}")

    def view(i):
        return DocumentView.of(i, data.documents[i], positions and positions(data.documents[i]))

    options = ConceptOptions(own=None, min_support=SUPPORT)
    return data, build_token_table(data, view, folder, options=options, n_folds=5)


CHECKED = (
    "tag:", "xpos:", "feat:", "deprel:", "lemma:", "word:", "genre:", "prefix:", "suffix:",
    "sentence:", "digits:all", "sign:period", "sign:comma", "repeats:word", "repeats:token pair",
    "window:0", "window:1", "case:", "shape:d",
)  # fmt: skip
"""What is counted again; of some kinds the labels that the other code knows."""


def compare(table: ConceptTable, documents) -> None:
    positions, documents_of = counted(documents)
    found = dict(zip(table.names, table.concept_counts.tolist(), strict=True))
    samples = dict(zip(table.names, table.sample_counts.tolist(), strict=True))
    enough = {
        name
        for name, n in positions.items()
        if n >= SUPPORT[0] and documents_of[name] >= SUPPORT[1] and n < table.n_positions
    }
    capped = {"word:": 2000, "lemma:": 2000, "prefix:": 500, "suffix:": 500, "token:": 2000}
    kinds = Counter()
    for name in enough:
        kind = next((kind for kind in CHECKED if name.startswith(kind)), None)
        assert kind is not None, name
        if name not in found:
            own = [n for other, n in found.items() if other.startswith(kind)]
            assert len(own) == capped[kind]
            assert positions[name] <= min(own)
            continue
        kinds[kind] += 1
        # the other code knows only plain letters: what it counts is at most what there is
        plain = not name.startswith(("case:", "shape:"))
        assert found[name] == positions[name] if plain else found[name] >= positions[name], name
        assert samples[name] >= documents_of[name], name
        assert samples[name] == documents_of[name] or not plain, name
    assert set(kinds) == set(CHECKED)
    for name in found:
        if name.startswith(("tag:", "xpos:", "feat:", "deprel:", "genre:", "sentence:", "prefix:")):
            assert name in enough, name


@pytest.fixture
def ewt(shared_data) -> list[Path]:
    paths = sorted((shared_data / "text").glob("en_ewt-ud-*.conllu"))
    if not paths:
        pytest.skip(f"there is no UD English-EWT in {shared_data / 'text'}")
    return paths


def test_a_part_is_what_the_columns_say(ewt, tmp_path):
    (dev,) = [path for path in ewt if "dev" in path.name]
    data, table = table_of([dev], tmp_path / "table")
    documents = rows_of([dev])
    assert [name for name, _ in documents] == list(data.sample_ids)
    assert table.n_positions == sum(len(rows) for _, own in documents for rows in own)
    compare(table, documents)


@pytest.mark.slow
def test_all_of_it_is_what_the_columns_say(ewt, tmp_path):
    data, table = table_of(ewt, tmp_path / "table")
    documents = rows_of(ewt)
    assert {name for name, _ in documents} == set(data.sample_ids)
    assert table.n_positions == sum(len(rows) for _, own in documents for rows in own)
    compare(table, documents)


@pytest.mark.slow
def test_tokens_across_words_have_the_labels_of_their_characters(ewt, tmp_path):
    """Three characters at a time, whatever they are: each has what any of its characters has."""
    (dev,) = [path for path in ewt if "dev" in path.name]

    def thirds(document):
        return Extents.of([m.span() for m in re.finditer(r"(?s).{1,3}", document.text)])

    data, table = table_of([dev], tmp_path / "table", thirds)
    positions = Counter()
    for document, (name, sentences) in zip(data.documents, rows_of([dev]), strict=True):
        at, each = 0, [set() for _ in document.text]
        for cells in itertools.chain.from_iterable(sentences):
            at = document.text.index(cells[1], at)
            for place in range(at, at + len(cells[1])):
                each[place] |= set(labels_of(name, cells))
            at += len(cells[1])
        for start in range(0, len(document.text), 3):
            positions.update(set().union(*each[start : start + 3]))
    found = dict(zip(table.names, table.concept_counts.tolist(), strict=True))
    asked = ("tag:", "xpos:", "feat:", "deprel:", "lemma:", "word:", "prefix:", "suffix:")
    checked = [name for name in found if name.startswith(asked)]
    assert len(checked) > 500
    assert {name: found[name] for name in checked} == {name: positions[name] for name in checked}

"""Whatever is handed over: it is used, or refused by an error of ours in one sentence."""

from __future__ import annotations

import copy
import os
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import andornot
from andornot import And, AndornotError, Concept, ConceptTable, Not, Or, Responses, Threshold, parse
from andornot._tools.checks import as_array, names_of, users_path
from andornot.analyses.kinds import read_labels
from andornot.cli.config import _load_mapping
from andornot.concepts.relations import read_relations
from andornot.counting.ranges import Ranges
from andornot.data.images.open import open_data
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.vectors import read_glove
from andornot.errors import DataError, FormulaError, OptionError, quoted
from andornot.search.optimal import Budget
from andornot.search.options import SearchOptions
from andornot.trust.options import TrustOptions

MASKS = np.eye(4, 6, dtype=bool)
NAMES = ("a", "b", "c", "salt & pepper")
TABLE = ConceptTable.from_masks(MASKS, NAMES)
RESULT = andornot.explain(MASKS[:2], TABLE)


class Frame:
    """A frame of another library: rows of booleans, with an array behind them."""

    def __init__(self, values, columns=()):
        self.values, self.columns = values, columns

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        if isinstance(self.values, str):
            raise TypeError(self.values)
        return np.asarray(self.values, dtype)


class Odd:
    """What has no use anywhere; even its repr fails."""

    def __repr__(self):
        raise RuntimeError("no repr")


ODD = {
    "a text": "id",
    "nothing": None,
    "a number": 3,
    "a float": 1.5,
    "nan": float("nan"),
    "a complex number": 1j,
    "true": True,
    "a list": ["x"],
    "a ragged list": [[True, False], [True]],
    "a mixed list": [1, "a", None],
    "a mapping": {"a": 1},
    "a set": {"a"},
    "bytes": b"ab",
    "a function": print,
    "an object": Odd(),
    "a generator": (i for i in range(2)),
    "numbers": np.arange(4.0).reshape(2, 2),
    "objects": np.array([None, "a"], object),
    "an empty array": np.zeros((0, 0), bool),
    "a table": TABLE,
    "a sparse matrix": scipy.sparse.csr_array(np.eye(4)),
    "a frame that fails": Frame("no array"),
    "a huge number": 10**5000,
    "a long text": "x" * 100_000,
}

CALLS = {
    "from_masks masks": lambda x: ConceptTable.from_masks(x, NAMES),
    "from_masks names": lambda x: ConceptTable.from_masks(MASKS, x),
    "from_masks a name": lambda x: ConceptTable.from_masks(MASKS, ["a", "b", "c", x]),
    "from_masks categories": lambda x: ConceptTable.from_masks(MASKS, NAMES, x),
    "from_masks a category": lambda x: ConceptTable.from_masks(MASKS, NAMES, [x, "a", "a", "a"]),
    "from_masks folds": lambda x: ConceptTable.from_masks(MASKS, NAMES, folds=x),
    "from_label_maps maps": lambda x: ConceptTable.from_label_maps(x, ["a"]),
    "from_label_maps a map": lambda x: ConceptTable.from_label_maps([x], ["a"]),
    "from_label_maps names": lambda x: ConceptTable.from_label_maps([np.eye(2, dtype=int)], x),
    "from_label_maps a label": lambda x: ConceptTable.from_label_maps(
        [np.eye(2, dtype=int)], {x if x.__hash__ else 0: "a"}
    ),
    "from_label_maps of samples": lambda x: ConceptTable.from_label_maps(
        [np.eye(2, dtype=int)], ["a"], sample_concepts=[x]
    ),
    "from_sparse": lambda x: ConceptTable.from_sparse(x, NAMES),
    "from_sparse names": lambda x: ConceptTable.from_sparse(scipy.sparse.eye_array(4), x),
    "derive operator": lambda x: TABLE.derive(x, {"a": ["b"]}),
    "derive related": lambda x: TABLE.derive("LIKE", x),
    "derive members": lambda x: TABLE.derive("LIKE", {"a": x}),
    "select categories": lambda x: TABLE.select(x),
    "select concepts": lambda x: TABLE.select(None, x),
    "mask": TABLE.mask,
    "concept_mask": TABLE.concept_mask,
    "index": TABLE.index,
    "merge": TABLE.merge,
    "load": ConceptTable.load,
    "explain masks": lambda x: andornot.explain(x, TABLE),
    "explain table": lambda x: andornot.explain(MASKS, x),
    "explain units": lambda x: andornot.explain(MASKS, TABLE, units=x),
    "explain a unit": lambda x: andornot.explain(MASKS[:1], TABLE, units=[x]),
    "explain status": lambda x: andornot.explain(MASKS, TABLE, status=x),
    "explain jobs": lambda x: andornot.explain(MASKS, TABLE, jobs=x),
    "explain only": lambda x: andornot.explain(MASKS, TABLE, only=x),
    "explain executor": lambda x: andornot.explain(MASKS, TABLE, executor=x),
    "examine result": lambda x: andornot.examine(x, MASKS[:2], TABLE),
    "examine masks": lambda x: andornot.examine(RESULT, x, TABLE),
    "examine table": lambda x: andornot.examine(RESULT, MASKS[:2], x),
    "examine options": lambda x: andornot.examine(
        RESULT, MASKS[:2], TABLE, options=x, length=3
    ) if x is not None else refuse(),
    "score formula": lambda x: andornot.score(x, MASKS[0], TABLE),
    "score mask": lambda x: andornot.score("a", x, TABLE),
    "score table": lambda x: andornot.score("a", MASKS[0], x),
    "parse": parse,
    "Concept": Concept,
    "Not": Not,
    "And": lambda x: And(Concept("a"), x),
    "Or": lambda x: Or(x, Concept("a")),
    "Responses.from_masks": lambda x: Responses.from_masks(x, TABLE),
    "Responses.from_masks table": lambda x: Responses.from_masks(MASKS, x),
    "Responses.from_sparse": lambda x: Responses.from_sparse(x, TABLE),
    "Responses.unit": lambda x: Responses.from_masks(MASKS, TABLE).unit(x),
    "Responses.select": lambda x: Responses.from_masks(MASKS, TABLE).select(x),
    "Responses.load": Responses.load,
    "Threshold quantile": Threshold,
    "Threshold fixed": lambda x: Threshold(None, x),
    "Threshold resolution": lambda x: Threshold(resolution=x),
    "Ranges k": Ranges,
    "Ranges by": lambda x: Ranges(3, x),
    "Budget nodes": Budget,
    "Budget seconds": lambda x: Budget(seconds=x),
    "Result": lambda x: RESULT[x],
    "Result.best": RESULT.best,
    "Result.ranges": RESULT.ranges,
    "Run.open": andornot.Run.open,
    **{
        f"TrustOptions {name}": lambda x, name=name: TrustOptions(**{name: x})
        for name in ("resamples", "bootstrap", "nulls", "seed")
    },
    **{
        f"SearchOptions {name}": lambda x, name=name: SearchOptions(**{name: x})
        for name in SearchOptions.__dataclass_fields__
    },
    **{
        f"options {name}": lambda x, name=name: andornot.explain(MASKS, TABLE, **{name: x})
        for name in SearchOptions.__dataclass_fields__
        if name != "concepts"
    },
}  # fmt: skip


def refuse():
    raise OptionError("left out")


def sentence(error):
    """The text of an error of ours: short, one line."""
    text = str(error)
    assert text.strip()
    assert "\n" not in text
    assert len(text) <= 2000
    return text


@pytest.mark.parametrize("name", CALLS)
def test_odd_values_are_used_or_refused_by_a_sentence(name):
    refused = 0
    call: Any = CALLS[name]
    for value in ODD.values():
        try:
            call(value)
        except AndornotError as error:
            sentence(error)
            refused += 1
    assert refused > len(ODD) // 2, "nearly all of them have no use anywhere"


# --- arrays of other libraries ---


def equal(table):
    return table.names == NAMES and all(
        (table.mask(f'"{n}"') == TABLE.mask(f'"{n}"')).all() for n in NAMES
    )


@pytest.mark.parametrize(
    "masks",
    [
        MASKS.tolist(),
        list(MASKS),
        pd.DataFrame(MASKS),
        pd.DataFrame(MASKS).astype("boolean"),
        MASKS.astype(object),
        Frame(MASKS),
        np.ma.masked_array(MASKS),
    ],
    ids=["lists", "rows", "pandas", "nullable", "objects", "frame", "masked"],
)
def test_masks_of_other_libraries_are_read(masks):
    assert equal(ConceptTable.from_masks(masks, NAMES))
    assert (Responses.from_masks(masks, TABLE).totals == 1).all()
    assert andornot.explain(masks, TABLE)[0].iou == 1
    assert andornot.score("a", np.asarray(masks, bool)[0].tolist(), TABLE).iou == 1


def test_masks_of_torch_are_read_or_refused():
    torch = pytest.importorskip("torch")
    masks = torch.from_numpy(MASKS)
    assert equal(ConceptTable.from_masks(masks, NAMES))
    assert equal(ConceptTable.from_masks(list(masks), NAMES))
    strength = torch.full((4, 6), 0.5, requires_grad=True)
    for wrong in (strength, strength.bfloat16(), masks.bfloat16(), masks.to_sparse(), [strength]):
        with pytest.raises(DataError) as caught:
            ConceptTable.from_masks(wrong, NAMES[: len(wrong)])
        sentence(caught.value)
        with pytest.raises(DataError) as caught:
            Responses.from_masks(wrong, TABLE)
        sentence(caught.value)
    with pytest.raises(DataError, match=r"float32 and hold 0\.5 at \[0, 0\], where .* masks > 0$"):
        ConceptTable.from_masks(strength, NAMES)
    labels = torch.ones(1, 2, 2, dtype=torch.int32)
    assert ConceptTable.from_label_maps(labels, ["a"]).n_positions == 4


def test_a_frame_with_a_column_for_each_concept_is_told_to_be_turned():
    frame = pd.DataFrame(MASKS.T, columns=list(NAMES))
    square = pd.DataFrame(MASKS[:, :4].T, columns=list(NAMES))
    for wrong in (frame, square, frame.to_numpy()):
        with pytest.raises(DataError, match=r"give the transpose$"):
            ConceptTable.from_masks(wrong, NAMES)
    assert equal(ConceptTable.from_masks(frame.T, NAMES))


def test_ragged_lists_and_gaps_get_a_sentence():
    with pytest.raises(DataError, match=r"^masks cannot be read as an array \(.*; give a NumPy"):
        ConceptTable.from_masks([[True], [True, False]], ["a", "b"])
    gaps = pd.DataFrame({"x": pd.array([True, None], "boolean")})
    with pytest.raises(DataError, match="dtype object; give booleans"):
        ConceptTable.from_masks(gaps, ["a", "b"])
    with pytest.raises(DataError, match="are a sparse matrix; give it to from_sparse"):
        as_array(scipy.sparse.eye_array(3), "masks")


@pytest.mark.parametrize("name", ["", " ", "\t", 1, None, 1.5, b"a", ("a",), np.int64(1)])
def test_concepts_have_names(name):
    told = r"number 1 of the names is .*; give each a text that is not blank"
    with pytest.raises(DataError, match=told):
        ConceptTable.from_masks(MASKS[:2], ["a", name])
    with pytest.raises(DataError, match=told):
        ConceptTable.from_sparse(scipy.sparse.eye_array(2), ["a", name])
    with pytest.raises(DataError, match=told):
        ConceptTable.from_label_maps([np.eye(2, dtype=int)], ["a", name])
    with pytest.raises(DataError, match=told):
        ConceptTable.from_label_maps([np.eye(2, dtype=int)], {1: "a", 2: name})
    assert ConceptTable.from_masks(MASKS[:2], np.array(["a", "b"])).names == ("a", "b")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), Fraction(1, 2), 0.5])
def test_numbers_of_any_kind_are_numbers(value):
    assert Threshold(value).quantile == 0.5
    assert Threshold(None, value).fixed == 0.5
    assert Ranges(np.int64(3)).k == 3  # type: ignore[arg-type]
    assert SearchOptions(length=np.int32(2), penalty=value).length == 2  # type: ignore[arg-type]


# --- what errors quote ---


def test_quotations_are_short_and_on_one_line():
    assert quoted("a\n'b") == repr("a\n'b")
    assert quoted("x" * 80) == repr("x" * 80)
    assert len(quoted("x" * 81)) < 90
    assert quoted("x" * 500 + "HERE" + "y" * 500, at=500).count("HERE") == 1
    assert quoted("z" * 99 + "END", at=102).endswith("zEND'")
    assert quoted(None) == "None"
    frame = quoted(pd.DataFrame(np.zeros((50, 3))))
    assert "\n" not in frame
    assert len(frame) < 100
    assert len(quoted(list(range(10**6)))) < 100
    assert quoted(10**5000) == "<int>"
    assert "Odd" in quoted(Odd())


@pytest.mark.parametrize("kind", AndornotError.__subclasses__())
def test_no_message_is_longer_than_anyone_reads(kind):
    error = kind("START " + "x" * 10**6 + " END")
    assert sentence(error).startswith("START ")
    assert str(error).endswith(" END")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), str(again)) == (kind, str(error))
    assert str(kind("short")) == "short"


LONG = " AND ".join(["concept"] * 150) + " AND " + "x" * 200_000


@pytest.mark.parametrize(
    "text", [LONG, LONG + " AND", "(" * 200_000, '"' + LONG, "& " * 100_000, LONG + ") here"]
)
def test_errors_about_a_long_formula_are_short(text):
    for call in (TABLE.mask, lambda f: andornot.score(f, MASKS[0], TABLE)):
        with pytest.raises(FormulaError) as caught:
            call(text)
        assert len(sentence(caught.value)) < 400


def test_the_place_of_an_error_is_shown_in_a_long_formula():
    with pytest.raises(FormulaError, match=r"near the end\)'? at character 3\d\d\d"):
        parse("a OR " * 20 + "b" * 3000 + " near the end)")


# --- signs in place of operators ---


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("cat & !window", "cat AND NOT window"),
        ("cat && dog", "cat AND dog"),
        ("cat | dog", "cat OR dog"),
        ("cat||dog", "cat OR dog"),
        ("~cat", "NOT cat"),
        ("! cat", "NOT cat"),
        ("(cat | dog) & !window", "(cat OR dog) AND NOT window"),
        ("!(cat | dog)", "NOT (cat OR dog)"),
        ("cat ∧ ¬dog", "cat AND NOT dog"),
        ('"salt & pepper" & cat', '"salt & pepper" AND cat'),
    ],
)
def test_signs_are_operators_where_a_table_knows_the_names(text, meant):
    names = ["cat", "dog", "window", "salt & pepper"]
    table = ConceptTable.from_masks(np.eye(4, dtype=bool), names)
    assert table.parse(text) == table.parse(meant) == parse(meant)
    assert (table.mask(text) == parse(meant).evaluate(table.concept_mask)).all()


def test_an_operator_goes_before_a_name_that_has_one_wherever_it_stands():
    """``str`` puts such a name in quotes, so whoever copies a formula gets the same one."""
    table = ConceptTable.from_masks(np.eye(4, dtype=bool), ["a", "b", "a & b", "R&B"])
    assert table.parse("a & b") == table.parse("a&b") == parse("a AND b")
    assert table.parse('"a & b"').concepts == ("a & b",)
    assert str(parse('"a & b"')) == '"a & b"'
    assert table.parse("R&B").concepts == ("R&B",)
    mask = np.array([1, 0, 0, 0], bool)
    assert andornot.score("a & b", mask, table) == andornot.score("a AND b", mask, table)


def test_small_letters_are_told_to_be_capitals():
    table = ConceptTable.from_masks(np.eye(2, dtype=bool), ["cat", "dog"])
    with pytest.raises(FormulaError, match=r"& ~; write 'cat AND NOT dog'$") as caught:
        table.mask("cat and not dog")
    assert "did you mean" not in str(caught.value)


def test_names_with_signs_are_names():
    assert TABLE.mask("salt & pepper").sum() == 1
    with pytest.raises(FormulaError, match=r"did you mean 'salt & pepper'\?"):
        TABLE.mask("salt & peper")
    with pytest.raises(FormulaError, match=r"expected a concept name, NOT or an opening bracket$"):
        parse("a AND")


@pytest.mark.parametrize("value", ["x" * 300, "x" * 5000, "a\0b", None, 3, b"x", ["a"]])
def test_what_no_file_can_be_called(value):
    with pytest.raises(OptionError, match="give a path"):
        users_path(value, "the data set")


def test_the_home_of_nobody_is_a_name_like_others(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert users_path("~/x", "it") == tmp_path / "x"
    assert users_path("~nobody-is-called-so/x", "it") == Path("~nobody-is-called-so/x")
    with pytest.raises(DataError, match="there is no data set at ~nobody-is-called-so"):
        open_data("labelmaps:~nobody-is-called-so/x")
    with pytest.raises(DataError, match="there is no file ~nobody-is-called-so"):
        open_pairs("pairs:~nobody-is-called-so/x.csv")


def test_names_can_be_written():
    with pytest.raises(DataError, match="can be written in UTF-8"):
        names_of(["cat", "\ud800"], "names")


@pytest.mark.parametrize("fold", [10**12, 2**31, 2**20])
def test_folds_are_few(fold):
    with pytest.raises(DataError, match=f"fold {fold} is too large"):
        ConceptTable.from_masks(np.zeros((1, 2, 4), bool), ["a"], folds=[0, fold])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_no_file_of_the_user_is_waited_for(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for read in (read_relations, _load_mapping, read_glove, lambda path: read_labels(path, [])):  # type: ignore[arg-type]
        with pytest.raises(AndornotError, match="is a named pipe, not a file"):
            read(pipe)

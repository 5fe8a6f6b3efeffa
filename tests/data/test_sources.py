"""Concept sources: what they give against slow twins, how they add up, and functions of users."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import andornot
from andornot.data.images.colors import color_bins
from andornot.data.images.dataset import sources_of, view_of
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.data.images.table import build_table
from andornot.data.sentences.concepts import SIDES, pair_concepts, tagger_of
from andornot.data.sentences.conllu import read_conllu
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.pairs import Sentence
from andornot.data.sentences.tokens import token_concepts
from andornot.data.sources import named
from andornot.data.sources.annotated import Annotated
from andornot.data.sources.base import ConceptSource, Labels, Plain, Provenance, SampleView
from andornot.data.sources.colours import COLORS, Colours
from andornot.data.sources.functions import ConceptFunction, on_grid
from andornot.data.sources.functions import named as names_in
from andornot.data.sources.named import GROUP, OfUser, key_of_sources, named_sources
from andornot.data.sources.summed import Summed
from andornot.data.sources.words import OfTokens, Overlap, words_of
from andornot.errors import AndornotError, DataError, OptionError
from pair_cases import pair, pairs_of, sentence, tagged

SIDE = 4
N = 3


# --- the sum ---------------------------------------------------------------------------------


@st.composite
def drawn_masks(draw):
    """Masks of two sources that lie over each other, ``(concepts, samples, 2, 3)``, and sets."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    bits = st.lists(st.booleans(), min_size=6 * N, max_size=6 * N)
    return [np.array([draw(bits) for _ in range(size)]).reshape(size, N, 2, 3) for size in sizes]


class Masks(Plain):
    """A source that has a mask for each concept."""

    def __init__(self, masks, start):
        self.masks = masks
        self.names = tuple(f"c{start + i}" for i in range(len(masks)))
        self.categories = ((f"k{start}",),) * len(masks)
        self.provenance = Provenance.rule(f"r{start}")

    def labels(self, sample):
        maps = tuple(
            np.where(mask[sample.index], np.int32(i + 1), np.int32(0))
            for i, mask in enumerate(self.masks)
        )
        return Labels(maps, (), (2, 3))


@given(drawn_masks())
def test_the_table_of_a_sum_is_the_table_of_all_masks(drawn):
    starts = [sum(len(m) for m in drawn[:i]) for i in range(len(drawn))]
    summed = Summed(tuple(Masks(m, s) for m, s in zip(drawn, starts, strict=True)))
    masks = np.concatenate(drawn)
    for i in range(N):
        labels = summed.labels(SampleView(i, str(i)))
        held = np.zeros((len(masks), 2, 3), bool)
        for one in labels.maps:
            for concept in np.unique(one[one > 0]):
                held[concept - 1] |= one == concept
        assert (held == masks[:, i]).all()
    assert summed.names == tuple(f"c{i}" for i in range(len(masks)))
    assert [p.name for p in summed.provenance] == [
        c[0].replace("k", "r") for c in summed.categories
    ]


def test_each_source_answers_the_protocol():
    whole: ConceptSource = Masks(np.zeros((1, 1, 2, 3), bool), 0)
    view = SampleView(0, "a", (2, 3))
    assert whole.links(view) is None
    assert whole.key() == {}
    several = Summed((whole, Colours(color_bins())))
    assert several.key() == {"sources": [{}, several.sources[1].key()]}
    assert set(several.sources[1].key()) == {"colours"}


def test_what_one_source_knows_of_a_category_is_known():
    corner, whole = np.eye(2, 3, dtype=bool), {"k0": None, "k1": None}

    class Partly(Masks):
        unknown: Any = whole

        def labels(self, sample):
            return replace(super().labels(sample), unknown=self.unknown)

    class Corner(Partly):
        unknown: Any = MappingProxyType({"k1": corner})

    blank, view = np.zeros((1, 1, 2, 3), bool), SampleView(0, "a", (2, 3))

    def unknown(*sources):
        return Summed(sources).labels(view).unknown

    assert unknown(Partly(blank, 0)) == whole
    assert unknown(Partly(blank, 0), Masks(blank, 1)) == {"k0": None}  # the second looked for k1
    assert unknown(Masks(blank, 0), Masks(blank, 1)) == {}
    both = unknown(Partly(blank, 0), Corner(blank, 1))
    assert set(both) == {"k0", "k1"}
    assert (both["k1"] == corner).all()  # elsewhere the second looked


def test_two_sources_cannot_share_a_name():
    blank = np.zeros((1, 1, 2, 3), bool)
    with pytest.raises(DataError, match=r"'c0' \(one from rule: r0, one from rule: r0\); rename"):
        Summed((Masks(blank, 0), Masks(blank, 0)))


# --- images ----------------------------------------------------------------------------------


def picture(i):
    rng = np.random.default_rng(i)
    return rng.integers(0, 256, (2 * SIDE, 2 * SIDE, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three pictures whose label maps are half their size."""
    path = tmp_path_factory.mktemp("sources") / "data"

    def samples():
        for i in range(N):
            ids = np.random.default_rng(9 + i).integers(0, 3, (SIDE, SIDE))
            yield NewSample(f"{i}", Image.fromarray(picture(i)), {"thing": ids}, ["indoors"] * i)

    write_labelmaps(path, {"cat": "thing", "dog": "thing", "indoors": "scene"}, samples())
    return path


def holds(table, name):
    """Where a concept holds, sample by sample."""
    mask = table.concept_mask(name)
    return np.array([mask[table.positions.sample(i)] for i in range(table.positions.n_samples)])


def test_annotation_and_colours_are_sources_that_add_up(folder):
    data = open_data(f"labelmaps:{folder}", colors=True)
    files, colours = sources_of(data)
    assert isinstance(files, Annotated)
    assert (*files.names, *COLORS) == data.names
    assert isinstance(colours, Colours)
    for i in range(N):
        whole, view = data.labels(i), view_of(data, i)
        own = files.labels(view)
        assert np.array_equal(whole.maps[0], own.maps[0])
        assert whole.concepts == own.concepts == (2,) * (i > 0)
        bins = color_bins()
        mean = picture(i).reshape(SIDE, 2, SIDE, 2, 3).mean(axis=(1, 3))
        near = bins[tuple((mean + 0.5).astype(int).reshape(-1, 3).T >> 3)].reshape(SIDE, SIDE)
        # one value of 8 bits, where rounding lies on the border of a bin
        assert (whole.maps[1] - len(files.names) - 1 == near).mean() > 0.8
        assert whole.layers == ("thing", "color")


def test_colours_shape_the_fingerprint_as_ever(folder):
    plain, coloured = (open_data(f"labelmaps:{folder}", colors=c) for c in (False, True))
    assert plain._colour_codes() == b""
    assert coloured._colour_codes() == (color_bins() + np.int32(3 + 1)).tobytes()
    assert plain.fingerprint() != coloured.fingerprint()


def bright(picture, shape):
    grid = np.zeros(shape, bool)
    grid[0] = True
    return {"bright": picture.mean(axis=2) > 128, "top": grid, "even": bool(picture.sum() % 2 == 0)}


def test_masks_of_a_function_become_concepts(folder, tmp_path):
    data = open_data(f"labelmaps:{folder}")
    table = build_table(data, tmp_path / "with", sources=named_sources([bright]))
    assert table.names == ("cat", "dog", "indoors", "bright", "top", "even")
    assert table.categories[3:] == (("bright",),) * 3
    for i in range(N):
        pixels = picture(i).mean(axis=2) > 128
        half = pixels.reshape(SIDE, 2, SIDE, 2).sum(axis=(1, 3)) >= 2
        assert (holds(table, "bright")[i] == half).all()
        assert (holds(table, "even")[i] == (picture(i).sum() % 2 == 0)).all()
    assert holds(table, "top")[:, 0].all()
    assert not holds(table, "top")[:, 1:].any()
    assert [p.by for p in table.provenance] == ["people"] * 3 + ["rule"] * 3
    # what was there before is there as before
    plain = build_table(data, tmp_path / "without")
    assert all((holds(table, name) == holds(plain, name)).all() for name in plain.names)


def labelled(picture, shape):
    return np.arange(shape[0] * shape[1]).reshape(shape) % 3


labelled.names = ["odd", "even"]  # type: ignore[attr-defined]
labelled.category = "number"  # type: ignore[attr-defined]
labelled.provenance = "network counter 1"  # type: ignore[attr-defined]


def test_a_function_may_name_its_concepts_and_give_a_label_map(folder, tmp_path):
    data = open_data(f"labelmaps:{folder}", sources=[labelled])
    assert data.names == ("cat", "dog", "indoors")  # what a function adds is no part of the data
    assert data.fingerprint() == open_data(f"labelmaps:{folder}").fingerprint()
    table = build_table(data, tmp_path / "t")
    assert (holds(table, "odd").reshape(N, -1) == (np.arange(SIDE**2) % 3 == 1)).all()
    assert table.categories[3:] == (("number",),) * 2
    assert table.provenance[3:] == (Provenance.network("counter 1"),) * 2


def test_masks_of_pixels_hold_where_half_of_the_pixels_do():
    pixels = np.zeros((4, 6), bool)
    pixels[0, :3] = True  # over the first position both of its upper pixels, over the second one
    assert np.asarray(on_grid(pixels, "a", (2, 3), (4, 6))).tolist() == [
        [True, False, False],
        [False] * 3,
    ]


class Thing(Plain):
    """A source as a user may write one: with no more than it needs."""

    names = ("left",)
    categories = (("place",),)
    provenance = "people of our lab"

    def __init__(self, give=None):
        self.give = give

    def labels(self, sample):
        left = np.zeros(sample.shape, np.int64)
        left[:, 0] = 1
        return Labels((left,), (), sample.shape) if self.give is None else self.give(sample)


def test_an_object_can_be_a_source(folder, tmp_path):
    table = build_table(
        open_data(f"labelmaps:{folder}"), tmp_path / "t", sources=named_sources([Thing()])
    )
    assert holds(table, "left")[:, :, 0].all()
    assert not holds(table, "left")[:, :, 1:].any()
    assert str(table.provenance[-1]) == "people: of our lab"


UNSEEN = np.random.default_rng(3).random((N, SIDE, SIDE)) < 0.4


class Partly(Thing):
    """A source that does not know some positions, and nothing of the last sample."""

    def labels(self, sample):
        rows = np.zeros(sample.shape, np.int32)
        rows[1:3] = 1
        nobody = None if sample.index == N - 1 else UNSEEN[sample.index]
        return Labels((rows,), (), sample.shape, ("rows",), {"place": nobody})


def halves(picture, shape):
    held = None if picture.sum() % 2 else np.arange(picture.shape[1]) < SIDE
    return {"west": np.broadcast_to(held, picture.shape[:2]) if held is not None else None}


def test_what_a_users_source_does_not_know_is_not_counted(folder, tmp_path):
    data = open_data(f"labelmaps:{folder}")
    sources = named_sources([Partly(), halves])
    table = build_table(data, tmp_path / "t", sources=sources, known_only=True)
    unit = np.random.default_rng(5).random((N, SIDE, SIDE)) < 0.5
    rows = np.zeros((N, SIDE, SIDE), bool)
    rows[:, 1:3] = True
    seen = ~UNSEEN
    seen[-1] = False
    west = np.zeros((N, SIDE, SIDE), bool)
    west[:, :, : SIDE // 2] = True
    looked = np.array([picture(i).sum() % 2 == 0 for i in range(N)])
    assert 0 < looked.sum() < N
    looked = np.broadcast_to(looked[:, None, None], west.shape)
    for formula, truth, known in [
        ("left", rows, seen),
        ("west", west, looked),
        ("left AND NOT west", rows & ~west, seen & looked),
    ]:
        counts = andornot.score(formula, unit, table, known_only=True)
        assert (counts.tp, counts.fp) == ((truth & unit & known).sum(),
                                          (truth & ~unit & known).sum())  # fmt: skip
        assert counts.fn == (~truth & unit & known).sum()
        assert counts.tn == (~truth & ~unit & known).sum()
    assert Summed(sources_of(data)).labels(view_of(data, 0)).unknown == {}
    assert isinstance(sources[0], OfUser)
    kept = sources[0].labels(replace(view_of(data, 0), shape=(SIDE, SIDE)))
    assert kept.layers == ("rows",)


def test_links_of_a_users_source_are_checked(folder):
    class Linked(Thing):
        def links(self, sample):
            return given

    view = replace(view_of(open_data(f"labelmaps:{folder}"), 0), shape=(SIDE, SIDE))
    (source,) = named_sources([Linked()])
    assert isinstance(source, OfUser)
    given: Any = [-1, *range(15)]
    assert source.links(view).tolist() == given
    given = None
    assert source.links(view) is None
    for given, said in [  # noqa: B007  the source gives it
        (np.zeros((4, 4), int), r"links of shape \(4, 4\) and dtype int64; .* of shape \(16,\)"),
        (np.zeros(16), "dtype float64"),
        (np.full(16, 16), "a link beyond the 16 positions; give -1"),
        ("none", "cannot be used at the sample '0.png': "),
    ]:
        with pytest.raises(DataError, match=said):
            source.links(view)


def test_a_source_that_says_in_a_lost_place_what_is_known_is_refused():
    class Knows(Thing):
        known = None

    with pytest.raises(OptionError, match="Knows has an attribute known, which nobody asks; say"):
        named_sources(Knows())


def raises(error):
    def function(picture, shape):
        raise error

    return function


FLAT = np.zeros((SIDE, SIDE))
ODD: Any = ("x", 3)
FLAT_ODD: Any = FLAT
BAD = {
    "raises": (raises(ValueError("bad\nluck")), "failed at .*'0.png' with ValueError: bad luck; "),
    "ends": (raises(SystemExit("bye")), "failed at the sample '0.png' with SystemExit: bye; mend"),
    "ours": (raises(OptionError("odd")), "failed at the sample '0.png' with OptionError: odd; "),
    "nothing": (lambda p, s: None, r"returned None \(NoneType\); return a dictionary with each"),
    "no names": (lambda p, s: {}, r"returned \{\} \(dict\); return a dictionary with each concept"),
    "no text": (lambda p, s: {3: FLAT > 0}, "number 0 of the names is 3; give each a text"),
    "no mask": (lambda p, s: {"a": FLAT}, r"an array of shape \(4, 4\) and dtype float64 for 'a'"),
    "another size": (
        lambda p, s: {"a": np.ones((2, 2), bool)},
        r"shape \(2, 2\) and dtype bool for 'a'; give booleans, such as mask > 0.5, of shape "
        r"\(4, 4\) \(of positions\) or \(8, 8\) \(of pixels\), or one for the whole image",
    ),
    "no array": (lambda p, s: {"a": [[True], [True, False]]}, "the mask of 'a' cannot be read"),
    "new name": (
        lambda p, s: {f"n{p[0, 0, 0]}": True},
        "the concept 'n[0-9]+', which is none of its names .*; return all names each time",
    ),
    "taken name": (lambda p, s: {"cat": True}, r"two concepts are named 'cat' \(one from people: "),
    "no shape": (lambda p: {}, "with TypeError: .* takes 1 positional argument but 2 were given"),
    "map without names": (lambda p, s: FLAT.astype(int), "; return a dictionary with each concept"),
    "labels of another sort": (Thing(lambda v: 3), "sample '0.png': it gave 3; give Labels of a"),
    "a label too far": (
        Thing(lambda v: Labels((np.full((4, 4), 2),), (), (4, 4))), "a label beyond its 1 names"
    ),
    "a concept too far": (Thing(lambda v: Labels((), (1,), (4, 4))), "a concept beyond its 1"),
    "a map too large": (
        Thing(lambda v: Labels((np.ones((9, 9), int),), (), (9, 9))), r"a map of shape \(9, 9\)"
    ),
    "an odd concept": (Thing(lambda v: Labels((), ODD, (4, 4))), "with OptionError: a concept"),
    "no tuple": (Thing(lambda v: Labels(ODD[1], (), (4, 4))), "with TypeError: 'int' object"),
    "unknown of others": (
        Thing(lambda v: Labels((), (), (4, 4), unknown={"cat": None})),
        "calls the category 'cat' unknown, which none of its concepts has; they have place",
    ),
    "unknown of no shape": (
        Thing(lambda v: Labels((), (), (4, 4), unknown={"place": np.ones(4, bool)})),
        r"where 'place' is unknown, shape \(4,\) and dtype bool; give booleans of shape \(4, 4\)",
    ),
    "unknown as numbers": (
        Thing(lambda v: Labels((), (), (4, 4), unknown={"place": FLAT_ODD})),
        "where 'place' is unknown, shape .* dtype float64",
    ),
    "unknown as a text": (
        Thing(lambda v: Labels((), (), (4, 4), unknown=ODD[0])), "its unknown is 'x'; give a dict"
    ),
    "too many layers": (
        Thing(lambda v: Labels((), (), (4, 4), ("a", "b"))), "it named 2 layers for 0 maps"
    ),
    "a lost concept": (
        lambda p, s: {"a": True} | ({"b": True} if (p == picture(0)).all() else {}),
        "sample '1.png': it left out the concept 'b', which it returned for the first sample; ret",
    ),
    "known by halves": (
        lambda p, s: {"a": True, "b": None},
        "returned None for 'b', and not for 'a'; None says that nobody looked .* two functions",
    ),
    "source raises": (Thing(lambda v: 1 / 0), "failed at the sample '0.png' with ZeroDivisionErr"),
}  # fmt: skip


def test_a_source_that_fails_at_its_key_is_refused_when_it_is_named():
    class Broken(Thing):
        def key(self):
            raise ValueError("no key")

    with pytest.raises(OptionError, match=r"Broken cannot be loaded \(ValueError: no key\); mend"):
        named_sources([Broken()])


@pytest.mark.parametrize("name", ["names", "categories", "category", "provenance", "labels"])
def test_a_property_that_fails_is_the_sources_fault(name):
    def fails(_):
        raise RuntimeError("no luck")

    broken = type("Broken", (Thing,), {name: property(fails, lambda _, value: None)})
    with pytest.raises(OptionError, match=r"Broken cannot be loaded \(RuntimeError: no luck\)"):
        named_sources([broken(lambda v: None)])


@pytest.mark.parametrize("name", ["a\nb", "a\r", "a\u2028b"])
def test_a_name_stands_on_one_line(name):
    for said in ({"names": [name]}, {"names": ["a"], "category": name}):
        thing = type("Broken", (Thing,), said)
        with pytest.raises(AndornotError, match="a line ends in"):
            named_sources([thing(lambda v: None)])
    with pytest.raises(AndornotError, match="a line ends in"):
        names_in({name: True})


def test_nothing_named_is_no_source():
    assert named_sources(None) == named_sources([]) == ()
    with pytest.raises(OptionError, match="sources is 3; give a list"):
        named_sources(3)


def test_a_damaged_picture_is_not_blamed_on_the_function(folder, tmp_path):
    path = tmp_path / "copy"
    shutil.copytree(folder, path)
    data = open_data(f"labelmaps:{path}")
    (path / "images" / "2.png").write_bytes(b"no picture")
    with pytest.raises(DataError) as error:
        build_table(data, tmp_path / "t", sources=named_sources([bright]))
    assert str(error.value).startswith(str(path / "images" / "2.png"))


@pytest.mark.parametrize("case", BAD)
def test_what_a_users_source_does_wrong_is_one_sentence(folder, tmp_path, case):
    wrong, sentence = BAD[case]
    data = open_data(f"labelmaps:{folder}")
    with pytest.raises(DataError, match=sentence) as error:
        build_table(data, tmp_path / "t", sources=named_sources([wrong]))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (np.full((SIDE, SIDE), 3), "numbers from 3 to 3; 0 is no label, and there are 2 names"),
        (np.full((SIDE, SIDE), -1), "numbers from -1 to -1"),
        (FLAT, r"a label map is of whole numbers, of shape \(4, 4\)"),
        (np.zeros((2, 2), int), r"shape \(2, 2\) and dtype int64; a label map"),
    ],
)
def test_label_maps_are_checked(folder, tmp_path, found, sentence):
    def function(picture, shape):
        return found

    function.names = ["a", "b"]  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=sentence):
        build_table(
            open_data(f"labelmaps:{folder}"), tmp_path / "t", sources=named_sources(function)
        )


# --- sentences -------------------------------------------------------------------------------

WORDS = ("no", "dog", "cat", "the", "runs")
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(tuple)


def negation(words):
    return {"negation": [w.lower() == "no" for w in words], "short": len(words) < 3}


@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=4))
def test_functions_of_words_are_as_counted_by_hand(drawn):
    data = pairs_of(pair(" ".join(p), " ".join(h), name=f"{i}") for i, (p, h) in enumerate(drawn))
    table = pair_concepts(data, sources=[negation])
    for place, side in enumerate(SIDES):
        held = table.concept_mask(f"{side}:negation")[table.positions.atoms]
        assert held.tolist() == ["no" in both[place] for both in drawn]
        held = table.concept_mask(f"{side}:short")[table.positions.atoms]
        assert held.tolist() == [len(both[place]) < 3 for both in drawn]
    tokens = token_concepts(replace(data, further=named_sources(negation)))
    flat = [(word, own) for both in drawn for own in both for word in own]
    counts = dict(zip(tokens.names, tokens.concept_counts, strict=True))
    assert counts["negation"] == sum(word == "no" for word, _ in flat)
    assert counts["short"] == sum(len(own) < 3 for _, own in flat)
    assert table.categories[table.index("pre:negation")] == ("negation",)


@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=3))
def test_words_and_overlap_are_as_counted_by_hand(drawn):
    names = tuple(f"hyp:{word}" for word in WORDS[:3])
    words = OfTokens(names, (("word",),) * 3, words_of, Provenance(), "hyp:", 1)
    overlap = Overlap({"half": 0.5, "any": 0.0})
    for both in drawn:
        view = SampleView(0, "a", (1, 1), segments=tuple(map(Sentence, both)))
        held = words.labels(view).concepts
        assert held == tuple(i for i, word in enumerate(WORDS[:3]) if word in both[1])
        share = len(set(both[0]) & set(both[1])) / len(set(both[0]) | set(both[1]))
        assert overlap.labels(view).concepts == (0,) * (share > 0.5) + (1,) * (share > 0)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda words: {"a": [True]}, r"shape \(1,\) and dtype bool for 'a'; .* for the 2 tokens"),
        (lambda words: {"a": 1}, r"shape \(\) and dtype int64 for 'a'; give True or False, or a"),
        (lambda words: [True], r"\[True\] \(list\); return a dictionary"),
        (lambda words: 1 / 0, "at the sample '0' with ZeroDivisionError: division by zero; mend"),
        (lambda words: {words[0]: True}, "returned the concept 'a', which is none of its names"),
        (lambda words: {"a": None}, "returned None for 'a'; of sentences all counts as known, so"),
        (
            Thing(lambda v: Labels((), (), v.shape, unknown={"place": None})),
            "it says what is unknown, and of sentences all counts as known; leave unknown out",
        ),
    ],
)
@pytest.mark.parametrize("concepts", [pair_concepts, token_concepts])
def test_what_a_function_of_words_does_wrong_is_one_sentence(concepts, function, sentence):
    data = pairs_of([pair("the dog", "a cat", name="0")])
    with pytest.raises(DataError, match=sentence):
        concepts(data, sources=named_sources([function]))


CONLLU = """# sent_id = 1
1\tThe\tthe\tDET\t_\t_\t2\tdet\t_\t_
2\tdog\tdog\tNOUN\t_\t_\t3\tnsubj\t_\t_
3\truns\trun\tVERB\t_\t_\t0\troot\t_\t_

1\tStop\tstop\tVERB\t_\t_\tHEAD\troot\t_\t_
2\t!\t!\tPUNCT\t_\t_\t1\tpunct\t_\t_

"""


@pytest.mark.parametrize(("head", "links"), [("0", [1, 2, -1, -1, 3]), ("_", None), ("9", None)])
def test_heads_of_words_are_links_between_tokens(tmp_path, head, links):
    path = tmp_path / "a.conllu"
    path.write_text(CONLLU.replace("HEAD", head))
    data = read_conllu(path)
    source = OfTokens((), (), words_of, Provenance())
    view = SampleView(0, "a", (1, 5), segments=data.pairs[0].sentences, by_token=True)
    found = source.links(view)
    assert (None if found is None else found.tolist()) == links
    assert source.links(SampleView(0, "a", (1, 1), segments=view.segments)) is None


def test_heads_are_one_for_each_token():
    with pytest.raises(DataError, match="has 2 tokens and 1 heads"):
        Sentence(("a", "b"), heads=(-1,))


# --- whom they come from ---------------------------------------------------------------------


def test_tags_say_whom_they_come_from(tmp_path, monkeypatch):
    conllu = tmp_path / "a.conllu"
    conllu.write_text(CONLLU.replace("HEAD", "0"))
    assert tagger_of(open_pairs(f"pairs:{conllu}")).by == "people"
    parses = {f"sentence{i}_parse": f"(NP (DT A) (NN {w}))" for i, w in ((1, "dog"), (2, "cat"))}
    line = {"sentence1": "A dog", "sentence2": "A cat", "gold_label": "neutral", **parses}
    lines = tmp_path / "snli.jsonl"
    lines.write_text(json.dumps(line))
    assert "Stanford" in tagger_of(open_pairs(f"snli:{lines}")).name
    assert (
        tagger_of(open_pairs(f"pairs:{lines}")) == Provenance()
    )  # a user's own, parsed by anybody
    table = pair_concepts(open_pairs(f"snli:{lines}"))
    by = dict(zip(table.names, table.provenance, strict=True))
    assert by["pre:NN"].by == "network"
    assert by["pre:dog"].by == by["overlap-0%"].by == "rule"


# --- what is named ---------------------------------------------------------------------------

FILE = """
import helper

def flat(picture, shape):
    from later import name
    return {name: helper.SHARE < 1}

class Made:
    category = "made"
    def __call__(self, picture, shape):
        return {"made": True}

wrong = 3
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "helper.py").write_text("SHARE = 0.5\n")
    (tmp_path / "later.py").write_text("name = 'late'\n")
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


def test_a_function_of_a_file_finds_what_lies_beside_it(file, folder, tmp_path):
    sources = named_sources([f"{file}:flat", f"{file}:Made"])
    table = build_table(open_data(f"labelmaps:{folder}"), tmp_path / "t", sources=sources)
    assert table.names[3:] == ("late", "made")
    assert table.categories[3:] == (("flat",), ("made",))
    assert sources[0].code == f"{file.resolve()}:flat"


def test_the_key_holds_the_text_of_the_file(file):
    def key(name="flat"):
        return key_of_sources(named_sources([f"{file}:{name}"]))

    before = key()
    assert key() == before
    assert key("Made") != before
    file.write_text(FILE + "# changed\n")
    assert key() != before
    assert key_of_sources(()) == {}


def test_the_key_holds_what_the_file_imports_from_its_folder(tmp_path):
    package = tmp_path / "lib" / "deep"
    package.mkdir(parents=True)
    texts = {
        "mine.py": "import one\nfrom lib.deep import two\ndef f(picture, shape):\n"
                   "    import late\n    return {'n': one.N + two.N + late.N > 5}\n",
        "one.py": "N = 1\n",
        "late.py": "N = 1\n",
        "lib/deep/two.py": "from . import three\nfrom .four import N as M\nN = three.N + M\n",
        "lib/deep/three.py": "N = 1\n",
        "lib/deep/four.py": "N = 0\n",
        "alone.py": "N = 1\n",
        "unfinished.py": "N = \n",
    }  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    def seen():
        sources = named_sources([f"{tmp_path / 'mine.py'}:f"])
        function = sources[0]
        assert isinstance(function, ConceptFunction)
        return str(key_of_sources(sources)), function._call(FLAT, (1, 1))["n"]

    before = seen()
    assert seen() == before
    (tmp_path / "alone.py").write_text("N = 9\n")
    assert seen() == before
    keys = {before[0]}
    for name in ("one.py", "late.py", "lib/deep/three.py", "lib/deep/four.py"):
        # of the same size and in the same second: what lies compiled beside it does not tell
        (tmp_path / name).write_text("N = 9\n")
        key, answer = seen()
        assert key not in keys
        assert answer
        keys.add(key)
        (tmp_path / name).write_text(texts[name])
        assert seen() == before


def test_a_function_whose_text_does_not_say_all_is_asked_anew():
    def above(least):
        return lambda picture, shape: {"above": picture[..., 0] > least}

    one, other = (key_of_sources(named_sources([above(least)])) for least in (1, 2))
    assert one != other
    assert key_of_sources(named_sources([bright])) == key_of_sources(named_sources([bright]))
    known = above(3)
    known.key = "above 3"
    again = above(3)
    again.key = "above 3"
    assert key_of_sources(named_sources([known])) == key_of_sources(named_sources([again]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{file}:none", "mine.py has no function 'none'; check its name"),
        ("{file}:wrong", "wrong in mine.py is 3; concepts come from a function, or from an object"),
        ("{folder}/absent.py:f", "there is no file .*absent.py with concepts; give FILE.py:FUNCTI"),
        ("{folder}/broken.py:f", r"broken.py cannot be loaded \(ZeroDivisionError: division by"),
        ("{folder}/script.py:f", r"broken|script.py ended the program \(SystemExit: usage\)"),
        ("{folder}/odd.py:F", r"F in .*odd.py cannot be loaded \(TypeError: .*missing 1 required"),
        ("{folder}/odd.py:g", r"the names of g in odd.py are \('a', 'a'\); give each once"),
        ("{folder}/odd.py:h", "the provenance of concepts is 'martians'; write people, rule or"),
        ("{folder}/odd.py:s", "s in odd.py has 1 names and 2 categories; give one for each"),
        ("nobody", "no concepts are called 'nobody' .*; give FILE.py:FUNCTION, or the name of"),
    ],
)
def test_what_cannot_be_loaded_is_one_sentence(file, text, sentence):
    where = file.parent
    (where / "broken.py").write_text("1 / 0\n")
    (where / "script.py").write_text("import sys\nsys.exit('usage')\n")
    odd = """
class F:
    def __init__(self, x): ...
def g(picture, shape): ...
g.names = ["a", "a"]
def h(picture, shape): ...
h.provenance = "martians"
class S:
    names, categories = ["a"], [["x"], ["y"]]
    def labels(self, sample): ...
s = S()
"""
    (where / "odd.py").write_text(odd)
    with pytest.raises(AndornotError, match=sentence) as error:
        named_sources([text.format(file=file, folder=where)])
    assert "\n" not in str(error.value)


class Installed(SimpleNamespace):
    """An entry point, as a package would bring it."""

    def load(self):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def installed(monkeypatch):
    points = [
        Installed(name="bright", value="pkg:bright", found=bright,
                  dist=SimpleNamespace(name="pkg", version="1")),
        Installed(name="broken", value="pkg:no", found=ImportError("no module pkg"), dist=None),
    ]  # fmt: skip
    monkeypatch.setattr(named, "entry_points", lambda group: points if group == GROUP else [])
    return points


def test_a_package_brings_concepts_by_an_entry_point(installed, folder, tmp_path):
    sources = named_sources("bright")  # the broken one is not named, and does no harm
    table = build_table(open_data(f"labelmaps:{folder}"), tmp_path / "t", sources=sources)
    assert "bright" in table.names
    before = key_of_sources(sources)
    installed[0].dist.version = "2"
    assert key_of_sources(named_sources("bright")) != before
    with pytest.raises(OptionError, match=r"the concepts broken cannot be loaded \(ImportError"):
        named_sources(["broken"])
    with pytest.raises(OptionError, match=r"'else' \(installed are bright, broken\)"):
        named_sources(["else"])


def test_concepts_of_two_runs_of_a_function_are_the_same(folder, tmp_path):
    data = open_data(f"labelmaps:{folder}")

    def digest(jobs):
        made = build_table(data, tmp_path / f"t{jobs}", 2, jobs, named_sources([bright]))
        return hashlib.sha256(made.positions.codes.tobytes() + made.digest.encode()).hexdigest()

    assert digest(1) == digest(3)


def test_tags_of_some_sentences_by_a_model_are_no_longer_the_files(monkeypatch):
    from andornot.data.sentences import tagging

    data = pairs_of([pair(tagged("the/DT dog/NN"), sentence("a cat"))])
    monkeypatch.setattr(tagging, "_load", lambda name: None)
    monkeypatch.setattr(
        tagging, "_tagged", lambda _, found, name: [Sentence(s.tokens, ("X",) * 2) for s in found]
    )
    assert tagger_of(tagging.with_tags(data)) == Provenance.network("spaCy's en_core_web_sm")

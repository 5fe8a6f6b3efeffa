"""The parts of edits, each against something slower or known."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import pair_cases
from andornot import Concept, ConceptTable, Responses, parse
from andornot.data.sentences.concepts import word_overlap
from andornot.edits.class_concepts import class_concept
from andornot.edits.classes import ANOTHER, UNKNOWN, classes_of
from andornot.edits.control_rules import ControlRule
from andornot.edits.cutouts import find_cutouts, mean_colour
from andornot.edits.edits_of_images import (
    Cutout,
    Place,
    cut,
    hidden,
    paste,
    place_over,
    read_colour,
    read_cutout,
    recolour,
)
from andornot.edits.edits_of_words import (
    Delete,
    Insert,
    Repeat,
    Replace,
    Reword,
    Scatter,
    Word,
    apply_edit,
    spelled,
)
from andornot.edits.goals import Goal
from andornot.edits.presence import Presence
from andornot.errors import DataError, OptionError
from andornot.formula_forms import terms
from pair_cases import tagged

NAMES = "abcd"

GREY = np.array([0.299, 0.587, 0.114])
"""Shares of red, green and blue in how light a colour is."""


class TestPresence:
    @given(st.integers(0, 2**32 - 1))
    def test_counts_are_those_of_the_masks(self, seed):
        rng = np.random.default_rng(seed)
        masks = rng.random((4, 5, 3, 4)) < 0.3
        presence = Presence(ConceptTable.from_masks(masks, list(NAMES)))
        formula = parse("(a OR b) AND NOT c")
        direct = (masks[0] | masks[1]) & ~masks[2]
        assert presence.counts(formula).tolist() == direct.sum((1, 2)).tolist()
        assert (presence.mask(2, formula) == direct[2]).all()


def image(pixels):
    return Image.fromarray(np.asarray(pixels, np.uint8))


def square(size=8, colour=(200, 10, 20)):
    rgba = np.zeros((size, size, 4), np.uint8)
    rgba[...] = (*colour, 255)
    return Cutout(rgba, "square", "test")


class TestPaste:
    @given(
        st.floats(0, 1),
        st.floats(0, 1),
        st.floats(0.1, 0.9),
        st.integers(20, 60),
        st.integers(20, 60),
    )
    def test_a_cutout_covers_the_area_that_its_size_says(self, x, y, size, width, height):
        before = image(np.zeros((height, width, 3)))
        after = np.asarray(paste(before, square(), Place(x, y, size)))
        covered = (after[..., 0] == 200).sum()
        side = min(size * np.sqrt(width * height), width, height)  # it never leaves the frame
        assert abs(np.sqrt(covered) - side) <= 1
        assert not np.asarray(before).any()  # the image itself is untouched

    def test_it_lies_around_its_centre(self):
        after = np.asarray(paste(image(np.zeros((40, 80, 3))), square(), Place(0.75, 0.5, 0.2)))
        rows, columns = np.nonzero(after[..., 0])
        assert abs(rows.mean() - 19.5) <= 1
        assert abs(columns.mean() - 59.5) <= 1

    def test_only_what_belongs_to_it_is_pasted(self):
        region = np.zeros((10, 10), bool)
        region[2:5, 3:9] = True
        region[3, 4] = False
        donor = image(np.full((10, 10, 3), 90))
        piece = cut(donor, region, "thing", "sample 1")
        assert piece.rgba.shape == (3, 6, 4)
        assert piece.area == region.sum()
        size = np.sqrt(region.sum() / 100)
        after = np.asarray(paste(image(np.zeros((10, 10, 3))), piece, Place(0.6, 0.35, size)))
        assert ((after[..., 0] == 90) == region).all()

    def test_pasted_over_a_region_it_covers_the_region(self):
        region = np.zeros((40, 60), bool)
        region[10:30, 20:40] = True
        after = np.asarray(paste(image(np.zeros((40, 60, 3))), square(), place_over(region)))
        assert ((after[..., 0] == 200) == region).all()

    def test_what_is_hidden_of_a_region_is_counted(self):
        region = np.zeros((40, 60), bool)
        region[10:30, 20:40] = True
        assert hidden(region, square()) == 1.0
        ring = square(20).rgba.copy()
        ring[5:15, 5:15, 3] = 0  # a quarter of it is missing, so it is pasted larger
        assert 0.6 < hidden(region, Cutout(ring, "ring", "test")) < 0.7
        assert hidden(region, Cutout(square().rgba[:, :2], "stick", "test")) < 0.6

    def test_cutouts_of_the_same_pixels_are_equal(self):
        one, other = square(), Cutout(square().rgba.copy(), "other name", "elsewhere")
        assert one == other
        assert len({one, other, square(9)}) == 2
        assert one != "square"

    def test_a_place_outside_the_image_is_refused(self):
        with pytest.raises(OptionError, match="outside the image"):
            Place(1.2, 0.5, 0.3)
        left: Any = "left"
        with pytest.raises(OptionError, match="x is 'left'; give a number"):
            Place(left, 0.5, 0.3)

    def test_files_become_cutouts(self, tmp_path):
        pixels = np.zeros((6, 6, 4), np.uint8)
        pixels[1:3, 2:5] = 255
        Image.fromarray(pixels).save(tmp_path / "igloo.png")
        found = read_cutout(tmp_path / "igloo.png")
        assert (found.name, found.rgba.shape) == ("igloo", (2, 3, 4))
        Image.fromarray(pixels * 0).save(tmp_path / "nothing.png")
        with pytest.raises(DataError, match="transparent everywhere"):
            read_cutout(tmp_path / "nothing.png")


class TestRecolour:
    @given(st.integers(0, 2**32 - 1))
    def test_luminance_and_the_rest_of_the_image_stay(self, seed):
        rng = np.random.default_rng(seed)
        pixels = rng.integers(90, 160, (6, 7, 3))
        region = rng.random((6, 7)) < 0.5
        after = np.asarray(recolour(image(pixels), region, (150, 110, 120)), float)
        assert (after[~region] == pixels[~region]).all()
        assert np.abs(after[region] @ GREY - pixels[region] @ GREY).max(initial=0) <= 0.6
        # the differences between channels are those of the colour
        assert np.abs(after[region][:, 0] - after[region][:, 1] - 40).max(initial=0) <= 1

    def test_colours_have_names(self):
        assert read_colour("#102030") == (16, 32, 48)
        assert read_colour("steel blue") == (70, 130, 180)
        with pytest.raises(OptionError, match="no colour"):
            read_colour("water")


class TestCutouts:
    def setup_method(self):
        masks = np.zeros((2, 4, 20, 20), bool)
        masks[0, 0, 2:8, 2:8] = True  # a whole thing
        masks[0, 0, 4, 4] = False  # with a hole
        masks[0, 1, 0:10, 0:10] = True  # larger, but the frame cuts it off
        masks[0, 2, 0] = masks[0, 2, :, 0] = True  # a thin angle
        masks[0, 3, 2:10, 2:10] = True  # belongs to a sample that may not give
        masks[1, 1, 0:5, 0:10] = True
        self.presence = Presence(ConceptTable.from_masks(masks, ["tent", "stripes"]))
        self.donors = np.array([True, True, True, False])
        self.seen = []

    def found(self, formula, avoid=None):
        ids = [f"sample {i}" for i in range(4)]
        return find_cutouts(self.presence, parse(formula), self.donors, self.picture, ids, 5, avoid)

    def picture(self, sample):
        self.seen.append(sample)
        return image(np.full((20, 20, 3), 10 * sample + 1))

    def test_whole_large_and_clean_regions_come_first(self):
        found = self.found("tent")
        # 36 positions twice for being whole are worth less than 100, once
        assert [c.origin for c in found] == ["sample 1", "sample 0"]
        assert found[1].rgba[..., 3].all()  # the hole is filled
        assert 3 not in self.seen

    def test_a_region_with_what_is_to_be_avoided_is_left_out(self):
        avoid = self.presence.table.mask("stripes")
        found = self.found("tent", avoid)
        assert [c.origin for c in found] == ["sample 0"]

    def test_the_colour_is_the_mean_over_the_region(self):
        found = mean_colour(self.presence, parse("tent AND stripes"), self.donors, self.picture)
        assert found == (11, 11, 11)
        nothing = parse("stripes AND NOT tent")
        assert mean_colour(self.presence, nothing, self.donors, self.picture) is None


def pair(premise, hypothesis):
    return pair_cases.pair(premise, hypothesis, "x")


def said(edited):
    return [" ".join(s.tokens) for s in edited.sentences]


class TestWords:
    pair = pair("Two men sit .", "The men are on a bench .")

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ("start", "nobody The men are on a bench ."),
            ("determiner", "The nobody men are on a bench ."),
            ("end", "The men are on a bench nobody ."),
        ],
    )
    def test_words_are_inserted(self, where, expected):
        edited = apply_edit(self.pair, Insert((Word("hyp", "nobody"),), where))
        assert said(edited) == ["Two men sit .", expected]
        assert (edited.id, edited.label) == ("p", "x")

    def test_without_a_determiner_nothing_is_inserted_behind_one(self):
        assert apply_edit(self.pair, Insert((Word("pre", "sad"),), "determiner")) is None

    def test_several_words_go_each_to_its_side(self):
        both = Insert((Word("pre", "sad"), Word("hyp", "tall")), "end")
        assert said(apply_edit(self.pair, both)) == [
            "Two men sit sad .", "The men are on a bench tall .",
        ]  # fmt: skip

    def test_words_are_deleted_and_replaced_whatever_their_case(self):
        assert said(apply_edit(self.pair, Delete(Word("hyp", "the"))))[1] == (
            "men are on a bench ."
        )
        changed = apply_edit(self.pair, Replace(Word("hyp", "Bench"), "park bench"))
        assert said(changed)[1] == "The men are on a park bench ."
        assert changed.hypothesis.text == "The men are on a park bench ."  # as it was written
        written = dataclasses.replace(self.pair, hypothesis=dataclasses.replace(
            self.pair.hypothesis, raw="The men are on a bench."
        ))  # fmt: skip
        changed = apply_edit(written, Replace(Word("hyp", "Bench"), "park bench"))
        assert changed.hypothesis.text == "The men are on a park bench."
        assert apply_edit(self.pair, Delete(Word("hyp", "sofa"))) is None
        assert apply_edit(pair("a", "b"), Delete(Word("hyp", "b"))) is None  # nothing would be left

    @given(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8),
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8),
        st.sampled_from([0.0, 0.25, 0.5, 0.75]),
    )
    def test_repeating_raises_the_overlap_as_far_as_it_can(self, premise, hypothesis, above):
        before = pair(" ".join(premise), " ".join(hypothesis))
        edited = apply_edit(before, Repeat(above))
        if edited is None:
            assert word_overlap(before) > above or set(premise) <= set(hypothesis)
            return
        assert word_overlap(edited) > above or set(premise) <= set(edited.hypothesis.tokens)
        shorter = pair(" ".join(premise), " ".join(edited.hypothesis.tokens[:-1]))
        assert word_overlap(shorter) <= above  # no word too many
        scatter = Scatter(Repeat(above), ("x", "y"), 3)
        control = apply_edit(before, scatter)
        assert len(control.hypothesis.tokens) == len(edited.hypothesis.tokens)
        assert control == apply_edit(before, scatter)

    @given(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8),
        st.lists(st.sampled_from("abcdefxyz"), min_size=1, max_size=8),
        st.sampled_from([0.0, 0.25, 0.5, 0.75]),
    )
    def test_rewording_raises_the_overlap_as_far_as_it_can(self, premise, hypothesis, above):
        before = pair(" ".join(premise), " ".join(hypothesis))
        edit = Reword(above, frozenset("x"))
        edited = apply_edit(before, edit)
        if edited is None:
            assert word_overlap(before) > above or set(premise) <= set(hypothesis)
            return
        after = edited.hypothesis.tokens
        enough = word_overlap(edited) > above
        assert set(premise) <= set(after) or (enough and "x" not in after)
        assert len(after) >= len(hypothesis)
        control = apply_edit(before, Scatter(edit, tuple("mnopqrstu"), 3)).hypothesis.tokens
        assert len(control) == len(after)
        changed = [old != new for old, new in zip(hypothesis, after, strict=False)]
        assert changed == [old != new for old, new in zip(hypothesis, control, strict=False)]
        assert set(control) & set(premise) <= set(hypothesis)  # nothing more in common

    def test_unwanted_words_go_first_and_each_to_a_word_of_its_tag(self):
        before = pair(
            tagged("A/DT chef/NN is/VBZ riding/VBG a/DT red/JJ scooter/NN ./."),
            tagged("The/DT sad/JJ man/NN is/VBZ sleeping/VBG ./."),
        )
        edit = Reword(0.0, frozenset({"sleeping", "nobody"}))
        assert said(apply_edit(before, edit))[1] == "The sad man is riding ."
        more = dataclasses.replace(edit, above=0.75)
        assert said(apply_edit(before, more))[1] == "A red chef is riding ."

    def test_random_words_are_as_frequent(self):
        ranked = tuple(f"w{i}" for i in range(200))
        before = pair("w100 b", "b")
        drawn = {
            apply_edit(before, Scatter(Repeat(0.9), ranked, seed)).hypothesis.tokens[-1]
            for seed in range(60)
        }
        ranks = [int(word[1:]) for word in drawn]
        assert 80 <= min(ranks) < 90
        assert 110 < max(ranks) <= 120
        assert 100 not in ranks

    def test_words_are_read(self):
        assert Word.read("hyp:nobody") == Word("hyp", "nobody")
        assert Word.read("word:nobody") == Word.read("nobody") == Word("", "nobody")
        assert Word.read("http://a.b") == Word("", "http://a.b")
        with pytest.raises(OptionError, match="hyp:WORD"):
            Word.read(" ")

    @pytest.mark.parametrize("odd", [3, ["hyp"]])
    def test_words_are_texts(self, odd):
        for make in (lambda: Word(odd, "man"), lambda: Word("hyp", odd), lambda: Word.read(odd)):
            with pytest.raises(OptionError, match="hyp:WORD"):
                make()

    def test_words_are_spelled_as_people_do(self):
        tokens = ["She", "does", "n't", ",", "it", "'s", "'so'", "."]
        assert spelled(tokens) == "She doesn't, it's 'so'."


class TestClasses:
    names = ("Kitchen", "InsideCity", "kitchen")

    def test_letters_are_compared_composed(self):
        names = ("cafe\u0301", "cafe")
        assert classes_of(["caf\u00e9", "cafe\u0301", "cafe"], names).tolist() == [0, 0, 1]

    def test_a_number_is_no_part_of_what_a_class_is_called(self):
        found = class_concept(
            parse("crane"), np.array([True, False]), np.array([1, 0]), 1, "crane (134)"
        )
        assert found.reason == "crane is the name of the class"

    def test_labels_find_their_class(self):
        found = classes_of(["inside_city-s", "", "kitchen", "x"], self.names)
        assert found.tolist() == [1, UNKNOWN, 2, ANOTHER]


class TestBelonging:
    classes = np.array([0] * 10 + [1] * 8 + [ANOTHER] * 2 + [UNKNOWN] * 5)

    def judged(self, concept, in_target, elsewhere):
        present = np.zeros(25, bool)
        present[:in_target] = True
        present[10 : 10 + elsewhere] = True
        present[20:] = True  # samples without a label say nothing
        return class_concept(parse(concept), present, self.classes, 0, "Kitchen")

    def test_what_defines_the_class_belongs_to_it(self):
        assert "defines the class" in self.judged("stove", 10, 1).reason
        assert not self.judged("stove", 10, 5).reason
        assert not self.judged("stove", 8, 0).reason

    @pytest.mark.parametrize("name", ["kitchen-s", "kitchen sink", "Kitchen", "hyp:kitchen"])
    def test_what_is_called_like_the_class_belongs_to_it(self, name):
        assert "name of the class" in self.judged(name, 1, 5).reason

    def test_shares_are_counted(self):
        found = self.judged("stove", 4, 1)
        assert (found.in_target, found.elsewhere, found.of_target) == (0.4, 0.1, 0.8)
        assert not self.judged("chicken", 4, 1).reason


class TestEvidence:
    def setup_method(self):
        masks = np.zeros((3, 1, 4, 25), bool)
        masks[0, 0, 0] = masks[1, 0, 1] = masks[2, 0, 2:] = True  # stripes, blanket, grass
        self.table = ConceptTable.from_masks(masks, ["stripes", "blanket", "grass"])
        active = np.zeros((2, 1, 4, 25), bool)
        active[0, 0, 0, :15] = active[0, 0, 1, :10] = True
        active[1, 0, 2:] = True  # leads to the source
        self.responses = Responses.from_masks(active, self.table)
        term = terms(Concept("stripes"))[0]
        self.goals = (
            Goal(0, Concept("stripes"), term, "raise", 0.5, 2.0),
            Goal(1, Concept("grass"), term, "silence", 0.5, -1.0),
        )

    def judged(self, concept, belongs=""):
        evidence = ControlRule(self.table, self.responses, self.goals, lambda _: belongs)
        return evidence.answered(parse(concept)), evidence(parse(concept))

    def test_what_the_units_to_the_target_answer_to_is_evidence(self):
        # 10 of 25 positions against 25 of 100
        times, reason = self.judged("blanket")
        assert times == pytest.approx(1.6)
        assert reason == "units that lead to the target answer to it 1.6 times as much as usual"
        assert self.judged("grass") == (0.0, "")
        assert self.judged("blanket AND grass") == (0.0, "")  # nowhere
        assert self.judged("grass", "it defines the class")[1] == "it defines the class"

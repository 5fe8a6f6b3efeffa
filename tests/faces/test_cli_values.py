"""Values on the command line."""

from __future__ import annotations

import pytest

from andornot.cli.options import folder_name
from andornot.cli.values import Names, UnitRanges


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sky,water", ("sky", "water")),
        ('"arm, left",blue', ("arm, left", "blue")),
        ('blue , "arm, left"', ("blue", "arm, left")),
        ('"arm, left"', ("arm, left",)),
        (r'"say \"hi, you\"",x', ('say "hi, you"', "x")),
        ('"sky"', ("sky",)),
        ("a, an, the, of, . and ,", ("a", "an", "the", "of", ". and", "")),
        ('a,",b', ("a", '"', "b")),  # a word that is a quote
        ('5" disk,"x', ('5" disk', '"x')),
        ("OR,AND,AND NOT", ("OR", "AND", "AND NOT")),
        (",a,", ("", "a", "")),
        ("", ("",)),
        (["arm, left", "blue"], ("arm, left", "blue")),  # of a configuration file
        (None, None),
    ],
)
def test_names_with_commas_stand_in_quotes(text: object, names: object) -> None:
    assert Names().convert(text, None, None) == names


@pytest.mark.parametrize("text", ["²", "9" * 5000, "0-99999999999", "1-²", "1-", "-1"])
def test_odd_units_are_refused(text):
    with pytest.raises(Exception, match="no unit or range"):
        UnitRanges().convert(text, None, None)


def test_units_and_ranges_are_read():
    assert UnitRanges().convert("0-2,7, 1", None, None) == [0, 1, 2, 7]


@pytest.mark.parametrize(
    ("layer", "folder"),
    [("layer4.0", "layer4.0"), ("shared words", "shared words"), ("../../x", ".._.._x"),
     ("..", "_"), ("/etc/x", "_etc_x"), ("C:\\x", "C__x"), ("", "_")],
)  # fmt: skip
def test_a_folder_for_a_layer_lies_where_it_should(layer, folder):
    assert folder_name(layer) == folder

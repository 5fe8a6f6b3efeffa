"""Values on the command line."""

from __future__ import annotations

import pytest

from andornot.cli.values import Names


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

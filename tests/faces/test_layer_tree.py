"""The layers of a network as a tree that folds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot.cli.layer_tree import _texts, print_layers
from andornot.errors import OptionError
from insides import SCREEN, LayerLine, layer_tree, with_usual


def line(path, type_="Conv2d", kind="maps", units=5, size=6):
    grid = {"maps": (size, size), "tokens": (size, size), "vector": (1, 1)}.get(kind)
    return LayerLine(path, type_, kind, units, (1, units, size, size), grid)


BLOCKS = with_usual(
    [
        line("stem", size=12),
        *(
            line(f"body.{n}{inner}", type_)
            for n in range(5)
            for inner, type_ in ((".conv1", "Conv2d"), (".act", "ReLU"), ("", "Block"))
        ),
        line("body", "Sequential"),
        line("fc", "Linear", "vector", 3),
    ]
)


def shown(tree):
    return ["  " * one.depth + one.name for one in tree]


def test_blocks_that_are_alike_are_one_line():
    tree = layer_tree(BLOCKS)
    assert shown(tree) == ["stem", "body", "  0 … 4", "    conv1", "    act", "fc"]
    assert tree[2].about == "5 alike; Block: 5 units, maps of 6 x 6"
    assert [one.name for one in tree if one.usual] == ["stem", "body"]


def test_a_module_can_be_unfolded():
    assert shown(layer_tree(BLOCKS, "body.2")) == ["body.2", "  conv1", "  act"]
    assert len(layer_tree(BLOCKS, everything=True)) == len(BLOCKS)
    with pytest.raises(OptionError, match=r"no module 'body.7' .*did you mean body"):
        layer_tree(BLOCKS, "body.7")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (line("a"), "5 units, maps of 6 x 6"),
        (line("a", units=1, kind="vector"), "1 unit, a value for each image"),
        (line("a", kind="tokens"), "5 units, maps of 6 x 6 patches"),
        (line("a", kind="pair"), "5 units, a value for each pair"),
        (line("a", kind="token", units=1200), "1,200 units, a value for each token"),
    ],
)
def test_outputs_are_told_in_words(one, words):
    assert one.output == words


def test_a_network_of_hundreds_of_modules_fits_a_screen():
    many = [
        line(f"features.{n}.{a}.{b}", units=n + 20 * (a == "x") + 1)
        for n in range(18)
        for a in "xy"
        for b in "pqrst"
    ]
    tree = layer_tree(with_usual(many))
    assert len(tree) <= SCREEN
    assert [one.name for one in tree] == ["features", *map(str, range(18))]
    assert tree[1].about == "10 layers inside"
    assert tree[-1].about == "10 layers inside, with a usual one"


paths = st.lists(
    st.lists(st.sampled_from(["0", "1", "2", "act"]), min_size=1, max_size=4).map(".".join),
    min_size=1,
    max_size=25,
    unique=True,
)


@given(paths, st.data())
def test_the_whole_tree_has_each_layer_once_under_its_own_path(names, data):
    lines = [line(name, data.draw(st.sampled_from(["A", "B"])), units=2) for name in names]
    above: list[str] = []
    found = []
    for one in layer_tree(lines, everything=True):
        above[one.depth :] = [one.name]
        if one.about:
            found.append(".".join(above))
    assert sorted(found) == sorted(names)
    assert len(layer_tree(lines)) <= len(layer_tree(lines, everything=True))


@pytest.mark.parametrize("width", [40, 60, 80])
def test_lines_fit_the_screen(width):
    deep = [line("bert.encoder.layer.0.attention.output.dense"), *BLOCKS]
    for text in _texts(layer_tree(with_usual(deep)), width):
        assert len(text.plain) <= width or " " not in text.plain.strip()


def test_programs_get_whole_paths(capsys):
    print_layers(BLOCKS, ["untrained"], under="body.3", everything=False, as_json=True)
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert [one["layer"] for one in found["layers"]] == ["body.3.conv1", "body.3.act", "body.3"]
    assert found["layers"][0]["output"] == "5 units, maps of 6 x 6"
    assert err == "note: untrained\n"
    print_layers(BLOCKS, [], under=None, everything=False, as_json=False)
    table = [row.split("\t") for row in capsys.readouterr().out.splitlines()]
    assert len(table) == len(BLOCKS) + 1
    assert {len(row) for row in table} == {7}
    assert table[1][:4] == ["stem", "Conv2d", "5 units, maps of 12 x 12", "5"]


def test_people_get_a_tree_with_the_usual_choices(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    print_layers(BLOCKS, [], under=None, everything=False, as_json=False)
    out = capsys.readouterr().out
    assert "\x1b[1;32mstem" in out, "in colour"
    assert "maps of 12 x 12 <- usual" in out, "and in words"
    assert "19 layers" not in out
    assert "18 layers, folded: --under PATH" in out


def test_of_a_classifier_of_sentences_the_last_before_the_classes_is_usual():
    lines = [
        LayerLine("mlp.1", "", "pair", 64, (1, 64)),
        LayerLine("mlp.4", "", "pair", 32, (1, 32)),
        LayerLine("drop", "", "pair", 32, (1, 32)),
        LayerLine("classes", "", "pair", 3, (1, 3)),
        LayerLine("rnn", "", "token", 8, (5, 8)),
    ]
    marked = with_usual(lines, 3, {"mlp.1", "mlp.4", "classes"})
    assert [line.layer for line in marked if line.usual] == ["mlp.4"]
    assert marked[1].usual == "the last before the classes"
    # a classifier with units at words only has no usual layer
    assert not any(line.usual for line in with_usual(lines[-1:], 3))

"""The layers of a network as a tree that folds: what each gives, in words, and the usual choices.

Of blocks that are alike only the first is shown, with how many there are; of a network with more
lines than a screen the inner modules are only counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final

from andornot._tools.words import count, nearest
from andornot.errors import OptionError
from andornot.views.plain import View

SCREEN: Final = 40
"""Lines that a folded tree has at most, where that can be had."""

OF_MAPS: Final = "the last with maps of its size"
BEFORE_CLASSES: Final = "the last before the classes"


@dataclass(frozen=True)
class LayerLine(View):
    """A layer that can be explained.

    Attributes:
        layer: its dotted path.
        type: the name of its class; empty where nobody knows it.
        kind: ``maps``, ``vector`` or ``tokens`` of an image, ``pair`` or ``token`` of sentences.
        units: number of units.
        shape: of its output for one sample.
        map: height and width of a unit's map; None where it has none.
        usual: why it is a usual choice; empty where it is none.
    """

    layer: str
    type: str
    kind: str
    units: int
    shape: tuple[int, ...]
    map: tuple[int, int] | None = None
    usual: str = ""

    @property
    def output(self) -> str:
        """What it gives, in words."""
        return f"{count(self.units, 'unit')}, {_GIVES.get(self.kind, '') or self._maps()}"

    def _maps(self) -> str:
        if self.map is None or self.map == (1, 1):
            return "a value for each image"
        patches = " patches" if self.kind == "tokens" else ""
        return f"maps of {self.map[0]} x {self.map[1]}{patches}"


_GIVES: Final = {
    "pair": "a value for each pair",
    "token": "a value for each token",
    "text token": "a value for each token",
}


@dataclass(frozen=True)
class TreeLine(View):
    """A line of the tree.

    Attributes:
        name: the module's path below the line above it; of alike ones the first and the last.
        depth: how far it is indented.
        about: its type and output, how many are alike, or how many layers are hidden in it.
        usual: why it is a usual choice; empty where it is none.
    """

    name: str
    depth: int
    about: str
    usual: str = ""


@dataclass
class _Node:
    name: str
    line: LayerLine | None = None
    inside: dict[str, _Node] = field(default_factory=dict)

    def alike(self, levels: int) -> tuple[object, ...]:
        """What two modules share that look the same, down to so many levels inside them."""
        usual = self.is_usual()
        if self.line is None:  # nothing is known of it but what is inside
            levels = max(levels, 1)
            own: tuple[object, ...] = (usual,)
        else:
            own = (self.line.type, self.line.output, self.line.usual, usual, bool(self.inside))
        if levels <= 0:
            return own
        return (*own, *((name, node.alike(levels - 1)) for name, node in self.inside.items()))

    def is_usual(self) -> bool:
        own = self.line is not None and bool(self.line.usual)
        return own or any(node.is_usual() for node in self.inside.values())

    def layers(self) -> int:
        return (self.line is not None) + sum(node.layers() for node in self.inside.values())


def with_usual(
    lines: Sequence[LayerLine], n_classes: int = 0, of_whole: Collection[str] = ()
) -> tuple[LayerLine, ...]:
    """The layers, of which the last with maps of each size are usual choices.

    Of a classifier of sentences it is the last with a value for each of them that is not yet the
    scores of the classes.

    Args:
        lines: the layers.
        n_classes: classes of a classifier of sentences.
        of_whole: its layers with a value for each sample, but for those that hand on what they are
            given, as dropout does.
    """
    before = [n.layer for n in lines if n.layer in of_whole and n.units != n_classes]
    lines = [
        replace(line, usual=BEFORE_CLASSES) if line.layer in before[-1:] else line for line in lines
    ]
    last = {line.map: line.layer for line in lines if line.map not in (None, (1, 1))}
    return tuple(
        replace(line, usual=OF_MAPS) if line.map and last.get(line.map) == line.layer else line
        for line in lines
    )


def layer_tree(
    lines: Sequence[LayerLine], under: str | None = None, everything: bool = False
) -> tuple[TreeLine, ...]:
    """Lines of a tree of layers, in the order of the network.

    Args:
        lines: the layers.
        under: show what is inside this module only.
        everything: fold nothing.

    Raises:
        OptionError: there is no such module.
    """
    root = _tree(lines)
    if under is not None:
        root = _found(root, under)
    if everything:
        return tuple(_shown(root, 0, None))
    found = tuple(_shown(root, 0, 1))
    for levels in range(2, 30):
        more = tuple(_shown(root, 0, levels))
        if len(more) > SCREEN:
            break
        found = more
    return found


def _tree(lines: Iterable[LayerLine]) -> _Node:
    root = _Node("")
    for line in lines:
        node = root
        for part in line.layer.split("."):
            node = node.inside.setdefault(part, _Node(part))
        node.line = line
    return root


def _found(root: _Node, path: str) -> _Node:
    node = root
    for part in path.split("."):
        if part not in node.inside:
            near = nearest(path, _paths(root, ""))
            raise OptionError(
                f"no module {path!r} holds a layer that can be explained{near}; "
                "leave --under out to see them all"
            )
        node = node.inside[part]
    return _Node("", None, {path: replace(node, name=path)})


def _paths(node: _Node, before: str) -> Iterator[str]:
    for name, inner in node.inside.items():
        path = f"{before}.{name}" if before else name
        yield path
        yield from _paths(inner, path)


def _shown(parent: _Node, depth: int, levels: int | None) -> Iterator[TreeLine]:
    """The lines of what is inside a module; ``levels`` of them, and alike ones as one."""
    nodes = list(map(_joined, parent.inside.values()))
    if levels is None:
        runs = [[node] for node in nodes]
    else:
        runs = [list(run) for _, run in groupby(nodes, lambda node: node.alike(levels - 1))]
    for run in runs:
        first, hides = run[0], levels == 1
        name = first.name if len(run) == 1 else f"{first.name} … {run[-1].name}"
        usual = first.line.usual if first.line is not None else ""
        yield TreeLine(name, depth, "; ".join(_about(run, hides)), usual)
        if not hides:
            yield from _shown(first, depth + 1, None if levels is None else levels - 1)


def _joined(node: _Node) -> _Node:
    """A module that is nothing but the place of another, as one of both."""
    while node.line is None and len(node.inside) == 1:
        (inner,) = node.inside.values()
        node = replace(inner, name=f"{node.name}.{inner.name}")
    return node


def _about(run: Sequence[_Node], hides: bool) -> Iterator[str]:
    first = run[0]
    if len(run) > 1:
        yield f"{len(run)} alike"
    if first.line is not None:
        yield ": ".join(filter(None, (first.line.type, first.line.output)))
    inner = first.layers() - (first.line is not None)
    if hides and inner:
        usual = any(node.is_usual() for node in first.inside.values())
        yield (
            f"{count(inner, 'layer')} inside{' each' if len(run) > 1 else ''}"
            f"{', with a usual one' if usual else ''}"
        )

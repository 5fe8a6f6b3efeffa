"""YAML as users write it, read in a time that its length bounds."""

from __future__ import annotations

from typing import Any

import yaml

# far more than settings need; PyYAML goes down by recursion
_DEEPEST = 20
_MOST_MERGED = 10_000


class _Bounded(yaml.SafeLoader):
    """Knows plain values only, and stops where a short text makes much work."""

    depth = merged = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError(f"it nests more than {_DEEPEST} levels deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def flatten_mapping(self, node: Any) -> None:
        own = len(node.value)
        super().flatten_mapping(node)
        # `<<` copies what it refers to, and references to references double it each time
        self.merged += len(node.value) - own
        if self.merged > _MOST_MERGED:
            raise ValueError("its references make too much of it")


def load_yaml(text: str) -> Any:
    """What a text in YAML says, in a time that its length bounds.

    Raises:
        ValueError: it is no YAML, nests too deep, or repeats itself by references too often.
    """
    try:
        return yaml.load(text, _Bounded)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error

"""Bring the names in a file of weights to those of a network, where wrappers changed them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from torch import nn

PARTS = frozenset(("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"))
"""Parts of names that wrappers add (DataParallel, AveragedModel, ``torch.compile``, ...)."""

COUNTER = "n_averaged"
"""What AveragedModel holds beside the network."""

# torchvision's own loader of published weights makes this change, and no hook of the module.
_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


def arrange(module: nn.Module, state: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Rename weights after a network, as far as that can be told without guessing.

    Parts that wrappers add count nowhere in a name, on either side. One prefix that all names
    have, in the file or in the network, is taken off or put on if more names are known then.
    The old names of DenseNets become today's. Other names stay, for the network's own hooks may
    know them; whether all fit is for the caller to find out.

    Args:
        module: the network; it may be on the meta device.
        state: tensors by name, with torch's versions of modules in ``_metadata``, if any.

    Returns:
        the renamed weights (with versions, if the file has any), and the change of prefix:
        ``-model.`` was taken off, ``+model.`` was put on; empty for none.
    """
    own = list(module.state_dict())
    counted = _without_counters(state)
    plain = {bare(name): value for name, value in counted.items()}
    homes = {bare(name): name for name in own}
    ambiguous = len(plain) < len(counted) or len(homes) < len(own)
    if ambiguous or all(name in own for name in state):
        return with_versions(state, versions_of(state)), ""
    paths = [path for path, _ in module.named_modules(remove_duplicate=False)]
    change = _prefix(list(plain), set(homes), {bare(path) for path in paths} - {""})
    found = {}
    for name, value in plain.items():
        modern = _DENSENET.sub(r"\1\2", _apply(change, name))
        name = modern if modern in homes else _apply(change, name)
        found[homes.get(name, name)] = value
    return with_versions(found, _renamed_versions(state, change, paths)), change


def bare(name: str) -> str:
    """A name without the parts that wrappers add."""
    return ".".join(part for part in name.split(".") if part not in PARTS)


def unwrapped(state: Mapping[str, Any]) -> dict[str, Any]:
    """Take off what wrappers put before every name, however many, and what they count."""
    found = with_versions(_without_counters(state), versions_of(state))
    first = next(iter(found), "").partition(".")[0]
    if first in PARTS and all(name.startswith(f"{first}.") for name in found):
        return unwrapped(inside(found, first))
    return found


def inside(state: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The weights whose names begin with ``part.``, without that."""
    start = f"{part}."
    versions = versions_of(state)
    kept = (
        None
        if versions is None
        else {
            f"{path}.".removeprefix(start)[:-1]: version
            for path, version in versions.items()
            if f"{path}.".startswith(start)
        }
    )
    found = {name.removeprefix(start): v for name, v in state.items() if name.startswith(start)}
    return with_versions(found, kept)


def fitting_parts(module: nn.Module, names: Iterable[str]) -> list[str]:
    """The first parts of names after which a network's names are whole, other names aside."""
    own = {bare(name) for name in module.state_dict()}
    names = list(names)
    firsts = dict.fromkeys(name.partition(".")[0] for name in names if "." in name)
    return [
        first
        for first in firsts
        if own <= {bare(n.removeprefix(f"{first}.")) for n in names if n.startswith(f"{first}.")}
    ]


def _without_counters(state: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what AveragedModel counts, where it stands beside a wrapped network."""
    return {name: value for name, value in state.items() if not _is_counter(name, state)}


def common_prefixes(names: Iterable[str]) -> list[str]:
    """What all names begin with, in whole parts, the shortest first: ``a.``, ``a.b.``."""
    parts = zip(*(name.split(".")[:-1] for name in names), strict=False)  # the shortest ends it
    common = [f"{alike[0]}." for alike in takewhile(lambda p: len(set(p)) == 1, parts)]
    return ["".join(common[:n]) for n in range(1, len(common) + 1)]


def _is_counter(name: str, state: Iterable[str]) -> bool:
    beside, _, last = name.rpartition(".")
    wrapped = f"{beside}.module." if beside else "module."
    return last == COUNTER and any(other.startswith(wrapped) for other in state)


def _prefix(names: list[str], own: set[str], paths: set[str]) -> str:
    """The change of prefix after which most names are known; none, where none does better."""

    def known(change: str) -> int:
        changed = (_apply(change, name) for name in names)
        # by its module too, for old names of tensors are known to hooks only
        return sum(name in own or name.rpartition(".")[0] in paths for name in changed)

    off = [f"-{prefix}" for prefix in common_prefixes(names)]
    on = [f"+{prefix}" for prefix in common_prefixes(own)]
    return max(("", *off, *on), key=known)  # the first of equals


def _apply(change: str, name: str) -> str:
    return change[1:] + name if change.startswith("+") else name.removeprefix(change[1:])


def _renamed_versions(
    state: Mapping[str, Any], change: str, paths: Iterable[str]
) -> dict[str, Any] | None:
    """Versions of modules, renamed as the weights are; of wrapper and wrapped, the latter's."""
    versions = versions_of(state)
    if versions is None:
        return None
    known = {
        _apply(change, _dotted(path)): version
        for path, version in versions.items()
        if not change.startswith("-") or _dotted(path).startswith(change[1:])
    }
    return {path: known[_dotted(path)] for path in paths if _dotted(path) in known}


def _dotted(path: str) -> str:
    """A module's path as its tensors' names begin."""
    return f"{bare(path)}." if bare(path) else ""


class _State(dict[str, Any]):
    """Tensors by name, with torch's versions of modules."""

    _metadata: Mapping[str, Any]


def with_versions(state: Mapping[str, Any], versions: Mapping[str, Any] | None) -> dict[str, Any]:
    """Tensors by name, with torch's versions of modules where ``load_state_dict`` looks for them.

    Args:
        state: the tensors; versions that it has are left.
        versions: the versions by path of module, None for none.
    """
    if versions is None:
        return dict(state)
    found = _State(state)
    found._metadata = versions
    return found


def versions_of(state: object) -> Mapping[str, Any] | None:
    """Torch's versions of modules, which ``state_dict`` notes beside the tensors."""
    versions: Mapping[str, Any] | None = getattr(state, "_metadata", None)
    return versions

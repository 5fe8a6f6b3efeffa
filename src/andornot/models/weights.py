"""A file's weights into a network, all or none of them, and the fingerprint of what it has then.

Files are read in ``weight_files``, their names are brought to the network's in ``names``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from andornot._tools.files import split_part
from andornot.errors import ModelError
from andornot.models.names import arrange, fitting_parts, versions_of, with_versions
from andornot.models.usable import refuse_empty
from andornot.models.weight_files import (
    StateDict,
    few,
    read_state_dict,
    read_torch,
    read_weights,
    reason_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "StateDict",
    "class_mismatch",
    "fingerprint",
    "load_file",
    "load_weights",
    "mismatched",
    "prefix_note",
    "read_state_dict",
    "read_torch",
]


def load_file(module: nn.Module, named: str | Path) -> tuple[str, ...]:
    """Read weights and copy them into a network, all of them or none.

    Args:
        module: the network.
        named: the file, or ``FILE#PART``; see ``read_weights``.

    Returns:
        notes: what a reader of the results should know of it, one sentence each.

    Raises:
        ModelError: the file cannot be read, or does not fit the network.
    """
    state, notes = read_weights(named)
    return (*notes, *load_weights(module, state, Path(named)))


def load_weights(
    module: nn.Module, state: Mapping[str, torch.Tensor], path: Path
) -> tuple[str, ...]:
    """Copy weights into a network, all of them or none.

    Names count as ``names.arrange`` finds them, after the network's own load hooks. A tensor that
    the network has under two names needs one of them only.

    Returns:
        notes: that names lost or got a prefix, where they did.

    Raises:
        ModelError: names or shapes differ from the network's; the message names the first few.
    """
    arranged, change = arrange(module, state)
    with _all_or_nothing(module):
        wrong = mismatched(_filled(module), arranged)
        fitting = {name: value for name, value in arranged.items() if name not in wrong}
        missing, unexpected = _copy(
            module, with_versions(fitting, versions_of(arranged)), wrong, path
        )
        if missing or unexpected:
            raise _other_model(
                path,
                f"{_count('missing', missing)} and {_count('unexpected', unexpected)}",
                _advice(module, state, path),
            )
        _refuse_mis_shaped(_filled(module), arranged, path)
        _refuse_two_for_one(module, arranged, path)
    return (prefix_note(change, path),) if change else ()


def prefix_note(change: str, path: Path) -> str:
    """Say what ``names.arrange`` did to the prefix of all names."""
    what = "begin with {!r}; without it" if change[0] == "-" else "lack the network's {!r}; with it"
    return f"The names of the weights in {path} {what.format(change[1:])} all names and shapes fit."


def mismatched(own: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor]) -> list[str]:
    """Name the weights that both have, but in different shapes."""
    return [k for k in own if k in state and own[k].shape != state[k].shape]


def class_mismatch(
    own: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor]
) -> tuple[int, int] | None:
    """Tell whether a network and weights differ in nothing but the number of classes.

    That is so if every differing shape differs in its first dimension only, and always in the
    same way.

    Returns:
        the number of classes in the network and in the weights, or None.
    """
    wrong = mismatched(own, state)
    pairs = {(own[k].shape[:1], state[k].shape[:1]) for k in wrong}
    same_rest = all(own[k].shape[1:] == state[k].shape[1:] for k in wrong)
    if len(pairs) != 1 or not same_rest or any(own[k].ndim == 0 for k in wrong):
        return None
    ((ours, theirs),) = pairs
    return (ours[0], theirs[0]) if ours and theirs else None


def fingerprint(module: nn.Module, source: bytes = b"") -> str:
    """Hash everything that we know to shape what a network computes.

    Args:
        module: the network; its printed form counts (strides, activations and so on), and so
            do the name, type, shape and bytes of every entry of its state dict.
        source: text that defines the network beyond that, such as its Python file.

    Returns:
        64 hexadecimal digits (SHA-256).

    Raises:
        ModelError: the network has no weights yet.

    Examples:
        >>> import torch
        >>> one, two = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
        >>> fingerprint(one) == fingerprint(two)  # their weights are drawn
        False
        >>> _ = two.load_state_dict(one.state_dict())
        >>> fingerprint(one) == fingerprint(two)
        True
    """
    refuse_empty(module)
    digest = hashlib.sha256(repr(module).encode() + b"\0" + source)
    for name, value in sorted(module.state_dict().items()):
        if isinstance(value, torch.Tensor):
            _add_tensor(digest, name, value)
        else:  # a module's get_extra_state
            digest.update(f"{name} {value!r}".encode())
    return digest.hexdigest()


def unsaved_buffers(module: nn.Module) -> str:
    """Hash the buffers that a network computes with and its state dict leaves out.

    They are no part of :func:`fingerprint`, by which runs on disk know their network.
    """
    saved, digest = module.state_dict().keys(), hashlib.sha256()
    for name, value in sorted(module.named_buffers()):
        if name not in saved:
            _add_tensor(digest, name, value)
    return digest.hexdigest()


def _add_tensor(digest: hashlib._Hash, name: str, value: torch.Tensor) -> None:
    digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
    # Seen as bytes, because NumPy lacks some of torch's types (bfloat16).
    flat = value.detach().cpu().contiguous().reshape(-1)
    digest.update(flat.view(torch.uint8).numpy().data)


@contextmanager
def _all_or_nothing(module: nn.Module) -> Iterator[None]:
    """Give the network its own weights back if an error ends this."""
    # one more copy for a moment: not all networks can be tried on the meta device instead
    before = {name: value.clone() for name, value in _filled(module).items()}
    try:
        yield
    except BaseException:
        with torch.no_grad():
            for name, value in _filled(module).items():
                if name in before and before[name].shape == value.shape:
                    value.copy_(before[name])
        raise


def _copy(
    module: nn.Module, state: StateDict, wrong: Iterable[str], path: Path
) -> tuple[list[str], list[str]]:
    """Let the network copy weights.

    Returns:
        names that it lacks after that, those in ``wrong`` aside, and names that it does not know.
    """
    keys = _load(module, state, path)
    tensors = module.state_dict()
    # a load_state_dict of the user's own may answer nothing
    lacking = [n for n in tensors if n not in state] if keys is None else keys.missing_keys
    unknown = [n for n in state if n not in tensors] if keys is None else keys.unexpected_keys
    given = {_place(tensors[name]) for name in tensors if name not in lacking}
    missing = [
        name
        for name in lacking
        if not name.endswith(_COUNTERS)
        and name not in wrong
        and not (name in tensors and _place(tensors[name]) in given)
    ]
    return missing, list(unknown)


_COUNTERS = ("num_batches_tracked", "n_averaged")
"""What evaluation never reads; checkpoints from before torch 0.4.1 lack the first."""


def _load(module: nn.Module, state: StateDict, path: Path) -> Any:
    """``load_state_dict``, with the versions of modules that the file has, or else today's."""
    try:
        return module.load_state_dict(state, strict=False)
    except Exception as error:
        failed = error
    if versions_of(state) is None and not isinstance(failed, RuntimeError):
        with suppress(Exception):  # hooks may insist on a version
            versions = versions_of(module.state_dict())
            return module.load_state_dict(with_versions(state, versions), strict=False)
    # torch puts what is wrong on lines of their own, below one that says that something is
    lines = [" ".join(line.split()).rstrip(".") for line in str(failed).split("\n")[1:]]
    raise _other_model(path, lines[0] if lines else reason_of(failed)) from failed


def _filled(module: nn.Module) -> StateDict:
    """The network's tensors by name, without those of lazy modules, which have no shape yet."""
    return {
        name: value
        for name, value in module.state_dict().items()
        if isinstance(value, torch.Tensor) and not is_lazy(value)
    }


def _place(tensor: Any) -> Any:
    """Equal of two tensors that are the same memory, read in the same way (while both live)."""
    # tensors without memory all have the address 0, and are not one for that
    if not isinstance(tensor, torch.Tensor) or is_lazy(tensor) or not tensor.data_ptr():
        return id(tensor)
    return tensor.data_ptr(), tensor.shape, tensor.stride()


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether tensors of one shape are equal, where NaN equals NaN."""
    return bool(((one == other) | (one.isnan() & other.isnan())).all())


def _refuse_mis_shaped(own: StateDict, state: StateDict, path: Path) -> None:
    classes = class_mismatch(own, state)
    if classes:
        raise ModelError(
            f"The weights in {path} have the wrong number of classes: they have {classes[1]}, "
            f"the model has {classes[0]}; build the model with {classes[1]} classes."
        )
    wrong = mismatched(own, state)
    if wrong:
        key = wrong[0]
        raise _other_model(
            path,
            f"{_count('mis-shaped', wrong)}, where {key} is {tuple(state[key].shape)} in the file "
            f"and {tuple(own[key].shape)} in the model",
        )


def _refuse_two_for_one(module: nn.Module, state: StateDict, path: Path) -> None:
    """Refuse different weights under two names of one tensor, since the last would win."""
    first: dict[Any, str] = {}
    for name, tensor in module.state_dict().items():
        twin = first.setdefault(_place(tensor), name)
        both = twin != name and twin in state and name in state
        if both and not _same(state[twin], state[name]):
            raise _other_model(path, f"{twin} and {name} differ, but are one tensor in the model")


def _advice(module: nn.Module, state: Mapping[str, torch.Tensor], path: Path) -> str:
    """What to do about names that do not fit."""
    parts = fitting_parts(module, state)
    if not parts:
        return _CHOOSE
    named = f"{path}{'.' if split_part(path)[1] else '#'}{parts[0]}"
    return f"the names under {' or '.join(map(repr, parts))} would fit, so give {named}"


_CHOOSE = "choose the model that they were trained with"


def _other_model(path: Path, what: str, advice: str = _CHOOSE) -> ModelError:
    return ModelError(f"The weights in {path} are for another model: {what}; {advice}.")


def _count(what: str, keys: list[str]) -> str:
    return f"{len(keys)} {what} ({few(keys)})"

"""Sources that a user names: ``FILE.py:FUNCTION``, an entry point, or an object of Python.

Entry points of the group ``andornot.concepts`` name a function (see ``functions``), or a class
without arguments that makes one or is a source itself. What is named is loaded; nothing else is.
"""

from __future__ import annotations

import hashlib
import inspect
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import as_array, several, texts, users_path, whole_number
from andornot._tools.user_code import (
    digest_with_beside,
    import_file,
    importable,
    loaded,
    text_around,
)
from andornot.concepts.provenance import Provenance
from andornot.data.sources.base import ConceptSource, Labels, SampleView
from andornot.data.sources.functions import ConceptFunction, asking, names_on_a_line
from andornot.errors import DataError, OptionError, quoted
from andornot.formula import nfc
from andornot.specs import python_function

GROUP = "andornot.concepts"
"""The group of entry points."""

_OWN = {"names", "category", "provenance"}
"""Attributes of a function that are part of its key."""


def named_sources(given: object) -> tuple[UserSource, ...]:
    """The sources that a user names, loaded; each name runs code of its own.

    Args:
        given: texts (``FILE.py:FUNCTION`` or the name of an entry point), functions, or sources;
            one or several, None for none.

    Raises:
        OptionError: one cannot be loaded, or is no source.
    """
    if given is None:
        return ()
    if callable(given) or _has_labels(given):
        given = (given,)
    return tuple(_source(one) for one in several(given, "sources"))


def _source(given: Any) -> UserSource:
    if isinstance(given, ConceptFunction | OfUser):
        return given
    if not isinstance(given, str):
        return _of_object(given, getattr(given, "__qualname__", type(given).__name__))
    python = python_function(given)
    return _from_entry_point(given) if python is None else _from_file(*python)


def _from_file(file: Path, name: str) -> UserSource:
    file = users_path(file, "the file of concepts")
    if not file.is_file():
        raise OptionError(f"there is no file {file} with concepts; give FILE.py:FUNCTION")
    with importable(file.resolve().parent):
        found = _loaded(
            lambda: getattr(import_file(file, "concepts", OptionError), name, None), str(file)
        )
        if found is None:
            raise OptionError(f"{file} has no function {quoted(name)}; check its name")
        made = _made(found, f"{name} in {file}")
    digest = digest_with_beside(file)
    where = file.resolve()
    return _of_object(made, f"{name} in {file.name}", digest, where.parent, f"{where}:{name}")


def _from_entry_point(name: str) -> UserSource:
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        installed = f"installed are {', '.join(sorted(known))}" if known else "none is installed"
        raise OptionError(
            f"no concepts are called {quoted(name)} ({installed}); give FILE.py:FUNCTION, or the "
            "name of what a package brings"
        )
    point = known[name]
    made = _made(_loaded(point.load, f"the concepts {name}"), f"the concepts {name}")
    return _of_object(made, name, _digest_of(point, made), code=name)


def _digest_of(point: EntryPoint, made: Any) -> str:
    """Of what a package brings: its version, and the file that has it."""
    version = "" if point.dist is None else f"{point.dist.name} {point.dist.version}"
    return hashlib.sha256(f"{version} {point.value} {text_around(made)}".encode()).hexdigest()


def _loaded(load: Callable[[], Any], who: str) -> Any:
    return loaded(load, who, OptionError)


def _told(found: Any, name: str, who: str, default: Any = None) -> Any:
    """What an object of a user says under a name, which may be a property and run code."""
    return _loaded(lambda: getattr(found, name, default), who)


def _has_labels(found: Any) -> bool:
    return bool(_loaded(lambda: hasattr(found, "labels"), f"the source {type(found).__name__}"))


def _made(found: Any, who: str) -> Any:
    """A class makes what is meant."""
    return _loaded(found, who) if isinstance(found, type) else found


def _of_object(
    found: Any,
    who: str,
    digest: str | None = None,
    folder: Path | None = None,
    code: str | None = None,
) -> UserSource:
    """A function, or a source, with what it says of itself."""
    has_labels = _has_labels(found)
    if not callable(found) and not has_labels:
        raise OptionError(
            f"{who} is {quoted(found)}; concepts come from a function, or from an object with "
            "names, categories and labels"
        )
    own = _told(found, "key", who, "")
    said = _loaded(own, who) if callable(own) else own
    stamp = _loaded(lambda: str(said) if said else "", who)  # `base.Plain` says nothing
    seen = digest or _digest_of_object(found, stamp)
    told = hashlib.sha256(f"{seen} {stamp}".encode()).hexdigest()
    if has_labels and _loaded(lambda: hasattr(found, "known"), who):
        raise OptionError(
            f"{who} has an attribute known, which nobody asks; say what is unknown in the Labels "
            "of each sample (unknown={CATEGORY: mask or None}), and leave it out"
        )
    names = _told(found, "names", who)
    if names is not None:
        names = names_on_a_line(names, f"names of {who}")
        if not names or len(set(names)) < len(names):
            raise OptionError(f"the names of {who} are {quoted(names)}; give each once")
    whose = Provenance.of(_told(found, "provenance", who, Provenance.rule(who)))
    category = _told(found, "category", who, who.partition(" in ")[0])
    (category,) = names_on_a_line([category], f"categories of {who}")
    if has_labels:
        each = _categories(found, who, names, category)
        return OfUser(found, who, names or (), each, whose, told, folder, code)
    return ConceptFunction(found, who, category, whose, names, told, folder, code)


def _categories(
    found: Any, who: str, names: tuple[str, ...] | None, category: str
) -> tuple[tuple[str, ...], ...]:
    if names is None:
        raise OptionError(f"{who} has labels and no names; give it names, a list of texts")
    given = _told(found, "categories", who)
    if given is None:
        return ((category,),) * len(names)
    each = tuple(texts(own, f"the categories of {who}") for own in several(given, "categories"))
    if len(each) != len(names):
        raise OptionError(
            f"{who} has {len(names)} names and {len(each)} categories; give one for each"
        )
    return each


def _digest_of_object(found: Any, stamp: str) -> str:
    """Of what came from Python: the text of its file, if that says all; else it is made anew.

    A function in a function, or an object with values of its own, may answer otherwise another
    time though its text is the same, so it is not taken for the same unless it has a ``key``.
    """
    if stamp:
        return ""
    plain = (
        inspect.isfunction(found) and found.__closure__ is None and not vars(found).keys() - _OWN
    )
    text = text_around(found) if plain and "<" not in found.__qualname__ else ""
    if not text:
        return secrets.token_hex(16)
    return hashlib.sha256(f"{found.__qualname__} {text}".encode()).hexdigest()


def key_of_sources(sources: Sequence[UserSource]) -> dict[str, Any]:
    """All that shapes the concepts of some sources; nothing where there are none."""
    return {"sources": [source.key() for source in sources]} if sources else {}


@dataclass(frozen=True, eq=False)
class OfUser:
    """A source that a user wrote as an object; what it lacks is filled in, what it gives checked.

    Attributes:
        source: the user's.
        who: what messages call it.
        names: of its concepts.
        categories: of each of them.
        provenance: whom they come from.
        digest: of all that shapes its answers, as far as we see.
        folder: where modules beside its file lie.
        code: the text that named it, or None of what came from Python.
    """

    source: Any
    who: str
    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    provenance: Provenance
    digest: str
    folder: Path | None = None
    code: str | None = None
    lock: Lock = field(default_factory=Lock, repr=False)

    def of(self, first: SampleView, segments: Sequence[str] = ()) -> ConceptSource:  # noqa: ARG002
        """Itself: its names are known."""
        return self

    def key(self) -> Mapping[str, Any]:
        """The digest, and what the source says of its concepts."""
        told = {"names": self.names, "categories": self.categories, "by": str(self.provenance)}
        return {"source": self.who, "digest": self.digest} | told

    def labels(self, sample: SampleView) -> Labels:
        """What the user's source gives.

        Raises:
            DataError: it fails, or gives something else.
        """
        with self._asking(sample):
            found = self.source.labels(sample)
            if not isinstance(found, Labels):
                raise DataError(f"it gave {quoted(found)}; give Labels of andornot's")
            maps = tuple(self._checked(own, sample.grid) for own in found.maps)
            concepts = tuple(whole_number(own, "a concept") for own in found.concepts)
            if any(not 0 <= own < len(self.names) for own in concepts):
                raise DataError(f"it gave a concept beyond its {len(self.names)} names; mend it")
            layers, unknown = self._layers(found), self._unknown(found, sample)
            return Labels(maps, concepts, sample.grid, layers, unknown)

    def _layers(self, found: Labels) -> tuple[str, ...]:
        layers = texts(found.layers, "layers")
        if layers and len(layers) != len(found.maps):
            raise DataError(
                f"it named {len(layers)} layers for {len(found.maps)} maps; name one for each "
                "map, or none"
            )
        return layers

    def _unknown(self, found: Labels, sample: SampleView) -> dict[str, NDArray[np.bool_] | None]:
        """What nobody looked for, checked."""
        if not isinstance(found.unknown, Mapping):
            raise DataError(
                f"its unknown is {quoted(found.unknown)}; give a dictionary of categories"
            )
        if found.unknown and sample.segments:
            raise DataError(
                "it says what is unknown, and of sentences all counts as known; leave unknown out"
            )
        own = {nfc(name) for several in self.categories for name in several}
        unknown: dict[str, NDArray[np.bool_] | None] = {}
        for given, mask in found.unknown.items():
            name = nfc(given) if isinstance(given, str) else given
            if name not in own:
                raise DataError(
                    f"it calls the category {quoted(given)} unknown, which none of its concepts "
                    f"has; they have {', '.join(sorted(own))}"
                )
            unknown[name] = None if mask is None else _positions(mask, name, sample.grid)
        return unknown

    def _checked(self, given: Any, grid: tuple[int, int]) -> NDArray[np.int32]:
        ids = as_array(given, "label maps")
        if ids.shape != grid or ids.dtype.kind not in "iu":
            raise DataError(
                f"it gave a map of shape {ids.shape} and dtype {ids.dtype}; give whole numbers of "
                f"shape {grid}"
            )
        if ids.size and not 0 <= ids.min() <= ids.max() <= len(self.names):
            raise DataError(f"it gave a label beyond its {len(self.names)} names; mend it")
        return ids.astype(np.int32)

    def links(self, sample: SampleView) -> NDArray[np.int64] | None:
        """What the user's source says; none, if it says nothing."""
        with self._asking(sample):
            if not hasattr(self.source, "links"):
                return None
            given = self.source.links(sample)
            return None if given is None else _links(given, sample.grid)

    @contextmanager
    def _asking(self, sample: SampleView) -> Iterator[None]:
        beside = nullcontext() if self.folder is None else importable(self.folder)
        # its author need not think of threads
        with asking(f"source {self.who}", sample), self.lock, beside:
            yield


def _positions(given: Any, name: str, grid: tuple[int, int]) -> NDArray[np.bool_]:
    """Where a category is unknown."""
    mask = as_array(given, f"where {quoted(name)} is unknown")
    if mask.shape != grid or mask.dtype != np.bool_:
        raise DataError(
            f"it gave, for where {quoted(name)} is unknown, shape {mask.shape} and dtype "
            f"{mask.dtype}; give booleans of shape {grid}, or None for the whole sample"
        )
    return mask


def _links(given: Any, grid: tuple[int, int]) -> NDArray[np.int64]:
    """The position that each position hangs on."""
    links, n = as_array(given, "links"), grid[0] * grid[1]
    if links.shape != (n,) or links.dtype.kind not in "iu":
        raise DataError(
            f"it gave links of shape {links.shape} and dtype {links.dtype}; give a whole number "
            f"for each of the {n} positions, of shape ({n},)"
        )
    if links.size and not -1 <= links.min() <= links.max() < n:
        raise DataError(f"it gave a link beyond the {n} positions; give -1 where there is none")
    return links.astype(np.int64)


UserSource = ConceptFunction | OfUser
"""What a user named, loaded."""

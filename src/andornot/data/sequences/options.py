"""Which concepts running text gets besides its annotation: options only.

Nothing heavy is imported here: the command line asks this record for its defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from andornot._tools.checks import make_plain, number, put, several, texts, users_path, whole_number
from andornot._tools.numerals import whole
from andornot._tools.words import nearest
from andornot.errors import DataError, OptionError, quoted

MOST: Final = 2000
"""How many labels of a layer, or of words and tokens, become concepts."""

LEAST: Final = (20, 10)
"""Positions and samples on which a concept must hold, where nobody says."""

OWN: Final[Mapping[str, int | None]] = {
    "token": MOST, "word": MOST, "case": None, "digits": None, "shape": 200, "sign": None,
    "prefix": 500, "suffix": 500, "script": 100, "piece": None, "space": None, "line": None,
    "sentence": None, "window": None, "inside": None, "repeats": None,
}  # fmt: skip
"""What any text has by itself, in the order of a table's concepts, with the cap of each."""


@dataclass(frozen=True)
class ConceptOptions:
    """Which concepts running text gets, and how often each must hold.

    Attributes:
        own: names of ``OWN``, with or without a cap of your own (``word=500``): concepts that any
            text has by itself; None for all of them.
        without: names of ``OWN`` that are left out.
        repeats: what ``repeats:`` is asked of, besides ``token`` and ``token pair``: ``word``, and
            layers of the annotation.
        regexes: names and regular expressions, by a mapping; or texts ``NAME=EXPRESSION``, or
            names of files with one on each line. Each becomes the concept ``regex:NAME``.
        regex_seconds: how long an expression may look at one document.
        spacy: a spaCy model that is installed, or its directory, whose tags, relations, entities
            and noun chunks become concepts.
        wordnet: the directory of WordNet's files (an index and data of nouns, and so on),
            whose classes of words become concepts.
        hypernyms: how many steps up from a word's first sense its classes are taken.
        most: of a layer of the annotation, how many labels become concepts.
        min_support: ``(positions, samples)``; what holds on fewer of either is no concept. None: as
            the search asks of all concepts, and else 20 positions in 10 samples.
        max_concepts: how many there may be in all; the most frequent ones stay.

    Raises:
        OptionError: a value cannot be used.

    Examples:
        >>> options = ConceptOptions(own=("word=500", "case"), regexes={"year": "(19|20)[0-9]{2}"})
        >>> options.caps
        {'word': 500, 'case': None}
    """

    own: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ("word",)
    regexes: Any = ()
    regex_seconds: float = 10.0
    spacy: str | None = None
    wordnet: str | Path | None = None
    hypernyms: int = 3
    most: int = MOST
    min_support: tuple[int, int] | None = None
    max_concepts: int = 20_000

    def __post_init__(self) -> None:
        make_plain(self, "regex_seconds", "hypernyms", "most", "max_concepts")
        if self.own is not None:
            put(self, "own", texts(self.own, "own"))
        for name in ("without", "repeats"):
            put(self, name, texts(getattr(self, name), name))
        put(self, "regexes", _named(self.regexes))
        if self.min_support is not None:
            put(self, "min_support", _support(self.min_support))
        whole_number(self.hypernyms, "hypernyms", least=0)
        whole_number(self.most, "most", least=1)
        whole_number(self.max_concepts, "max_concepts", least=1)
        if not 0 < number(self.regex_seconds, "regex_seconds") < 1e6:
            raise OptionError(f"regex_seconds is {quoted(self.regex_seconds)}; give some seconds")
        for name in self.without:
            _check_own(name, "without")
        assert self.caps is not None  # asked here, so that a wrong name is told at once

    @property
    def caps(self) -> dict[str, int | None]:
        """The sources of ``OWN`` that are on, each with how many of its labels become concepts."""
        found = dict(OWN) if self.own is None else dict(map(_capped, self.own))
        return {name: found[name] for name in OWN if name in found and name not in self.without}

    @property
    def support(self) -> tuple[int, int]:
        """Least positions and samples of a concept."""
        return LEAST if self.min_support is None else self.min_support

    def or_as(self, searched: tuple[int, int] | None) -> ConceptOptions:
        """The same, with the support that a search asks for where these say nothing of it."""
        if self.min_support is not None or searched is None:
            return self
        return replace(self, min_support=searched)

    def key(self) -> dict[str, Any]:
        """All that shapes the concepts; files of WordNet and spaCy by size and time."""
        options = asdict(self) | {"own": self.caps, "without": None, "min_support": self.support}
        if self.wordnet is not None:
            options["wordnet"] = _sizes(_folder(self.wordnet))
        if self.spacy is not None and Path(self.spacy).is_dir():
            options["spacy"] = _sizes(Path(self.spacy))
        return options

    def facts(self) -> dict[str, Any]:
        """What the manifest says of them."""
        folder = None if self.wordnet is None else _folder(self.wordnet).absolute()
        told = asdict(self) | {"min_support": self.support}
        return told | {"wordnet": None if folder is None else str(folder)}


def _check_own(name: str, option: str) -> None:
    if name not in OWN:
        raise OptionError(
            f"{option} has {quoted(name)} in it{nearest(name, OWN)}; choose among {', '.join(OWN)}"
        )


def _capped(given: str) -> tuple[str, int | None]:
    """A source and its cap, of ``word`` or ``word=500``."""
    name, equals, cap = (part.strip() for part in given.partition("="))
    _check_own(name, "own")
    most = whole(cap) if equals else OWN[name]
    if equals and (most is None or most < 1):
        raise OptionError(f"own has {quoted(given)} in it; write how many, as {name}=500")
    return name, most


def _named(given: Any) -> tuple[tuple[str, str], ...]:
    """Names and expressions, of a mapping, of pairs, or of texts ``NAME=EXPRESSION``, or files."""
    if isinstance(given, Mapping):
        given = given.items()
    pairs: list[Any] = []
    for part in several(given, "regexes"):
        pairs += _written(part) if isinstance(part, str) else [part]
    found = dict[str, str]()
    for pair in pairs:
        texts_of_two = isinstance(pair, tuple | list) and list(map(type, pair)) == [str, str]
        if not texts_of_two or not all(part.strip() for part in pair):
            raise OptionError(
                f"regexes have {quoted(pair)} in them; give NAME=EXPRESSION, or a file"
            )
        if pair[0] in found:
            raise OptionError(f"two regexes are named {quoted(pair[0])}; give each its own name")
        found[pair[0]] = pair[1]
    return tuple(found.items())


def _written(given: str) -> list[tuple[str, str]]:
    """The expression that a text is, or those in the lines of a file."""
    name, equals, pattern = given.partition("=")
    if equals:
        return [(name.strip(), pattern)]
    path = users_path(given, "regexes")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise DataError(
            f"the regular expressions {quoted(given)} cannot be read ({reason}); write "
            "NAME=EXPRESSION, or name a file with one on each line"
        ) from None
    parts = [(at, line.partition("=")) for at, line in enumerate(lines, 1) if line.strip()]
    parts = [(at, part) for at, part in parts if not part[0].lstrip().startswith("#")]
    for at, (name, equals, _) in parts:
        if not equals or not name.strip():
            raise DataError(f"line {at} of {path} is no NAME=EXPRESSION; mend it")
    return [(name.strip(), pattern) for _, (name, _, pattern) in parts]


def _support(given: Any) -> tuple[int, int]:
    try:
        positions, samples = given
    except (TypeError, ValueError):
        raise OptionError(
            f"min_support is {quoted(given)}; give the least numbers of positions and of samples"
        ) from None
    return (
        whole_number(positions, "positions of min_support", least=0),
        whole_number(samples, "samples of min_support", least=0),
    )


def _folder(given: str | Path) -> Path:
    path = users_path(given, "the directory of WordNet")
    if not path.is_dir():
        raise DataError(f"there is no directory {path} of WordNet's files; give their directory")
    return path


def _sizes(folder: Path) -> list[tuple[str, int, int]]:
    # tens of megabytes are not read for a key
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in told]

"""How documents become positions: options only.

Nothing heavy is imported here: the command line asks this record for its defaults.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from andornot._tools.checks import is_one_of, make_plain, whole_number
from andornot.errors import OptionError, quoted

At = Literal["token", "word", "document"]
Pool = Literal["last", "largest", "mean"]
Cut = Literal["context", "sentence"]


@dataclass(frozen=True)
class Reading:
    """How a model of sequences reads documents, and what a position is.

    Attributes:
        at: what a position is: each ``token`` of the network's, each ``word``, or the whole
            ``document``.
        pool: what a unit gives at a word or a document of several tokens: what it gives at the
            ``last`` of them, which has seen all, its ``largest`` value, or the ``mean``.
        cut: what is read at once: as much as the network can (``context``), or a ``sentence``;
            None for what the network was made for.
        overlap: how many tokens two windows of a long document have in common, so that each token
            has a left context; half a window if not given.

    Raises:
        OptionError: a value cannot be used.

    Examples:
        >>> Reading(at="word").pool
        'last'
    """

    at: At = "token"
    pool: Pool = "last"
    cut: Cut | None = None
    overlap: int | None = None

    def __post_init__(self) -> None:
        make_plain(self, "overlap")
        choices = {"at": get_args(At), "pool": get_args(Pool), "cut": get_args(Cut)}
        for name, known in choices.items():
            given = getattr(self, name)
            if not is_one_of(given, known) and (name, given) != ("cut", None):
                raise OptionError(f"{name} is {quoted(given)}; choose one of {', '.join(known)}")
        if self.overlap is not None:
            whole_number(self.overlap, "overlap", 0)

    def facts(self) -> dict[str, Any]:
        """What the manifest says of it, and what it is known by."""
        return asdict(self)

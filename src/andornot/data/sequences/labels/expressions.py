"""Regular expressions of the user, on an engine that can be told to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from andornot._tools.extras import install
from andornot._tools.words import brief
from andornot.concepts.provenance import Provenance
from andornot.data.sequences.document import Spans
from andornot.data.sequences.labels.base import RuleSource, of_spans
from andornot.data.sequences.view import DocumentView, Found
from andornot.errors import OptionError, quoted

REGEX = "regex"


@dataclass(frozen=True, eq=False)
class Expressions(RuleSource):
    """Where each of several expressions matches. What it matches without a character is nowhere.

    Attributes:
        compiled: the expressions by name.
        seconds: how long one may look at a document.
    """

    compiled: Mapping[str, Any] = field(kw_only=True)
    seconds: float = field(kw_only=True)

    __repr__ = brief

    @classmethod
    def of(cls, named: Mapping[str, str], seconds: float) -> Expressions:
        """From names and expressions.

        Raises:
            OptionError: one is no expression, or the engine is not installed.
        """
        try:
            import regex
        except ImportError:
            raise OptionError(
                f"concepts by regular expressions need the package regex; {install('regex')}"
            ) from None
        compiled = {}
        for name, pattern in named.items():
            try:
                compiled[name] = regex.compile(pattern)
            except (regex.error, OverflowError, RecursionError, ValueError) as error:
                raise OptionError(
                    f"regex {quoted(name)} is {quoted(pattern)}, which is no regular expression "
                    f"({error}); mend it"
                ) from None
        by = Provenance.rule("regular expressions")
        return cls(REGEX, by, compiled=compiled, seconds=seconds)

    def key(self) -> Mapping[str, Any]:
        """The expressions, and the engine's version."""
        import regex

        named = {name: own.pattern for name, own in self.compiled.items()}
        return {**super().key(), "regexes": named, "engine": regex.__version__}

    def found(self, view: DocumentView) -> Found:
        """The names of the expressions that match a stretch with a character of the position.

        Raises:
            OptionError: an expression takes too long.
        """
        text, found = view.document.text, list[tuple[int, int, str]]()
        for name, own in self.compiled.items():
            try:
                matches = own.finditer(text, timeout=self.seconds)
                found += [(*m.span(), name) for m in matches if m.end() > m.start()]
            except TimeoutError:
                raise OptionError(
                    f"regex {quoted(name)} looked at the text for {self.seconds:g} seconds and was "
                    "not done; write it without nested repeats, or raise regex_seconds"
                ) from None
        return of_spans(view, Spans.of(found))

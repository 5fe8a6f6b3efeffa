"""What an option of the command line is, and how commands show theirs: in groups, with a verb.

The options themselves stand in ``table``, each once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

import click

F = TypeVar("F", bound=Callable[..., Any])

GROUPS = (
    *("Data", "Network", "What counts as active", "Concepts", "Search", "Trust", "Training"),
    *("Attack", "Running"),
)
"""Headings of a command's help, in their order."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """One option, in all commands that have it with the same meaning.

    Attributes:
        flags: what it is called on the command line; a second flag is an older name of it.
        help: what it does, as a sentence.
        group: the heading that it stands under.
        commands: which commands have it, as ``nli train``; a group stands for all that is in it.
        home: the record of the API whose ``field`` it sets, and whose default is the option's.
        field: the field of ``home``.
        name: what the command calls it; from the first flag if not given.
        api: how Python says it, where ``home`` and ``field`` do not tell.
        kind: the type of its values: click's, or a ``Literal`` of the choices; by default that of
            the default.
        metavar: what stands for its value in the help.
        unset: whether a command gets None where it is not given, since the default hangs on more.
        note: more of the default, for the help.
        more: further arguments of ``click.option``.
    """

    flags: tuple[str, ...]
    help: str
    group: str
    commands: tuple[str, ...]
    home: type | None = None
    field: str = ""
    name: str = ""
    api: str = ""
    kind: Any = None
    metavar: str | None = None
    unset: bool = False
    note: str = ""
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def only(self) -> str:
        """The only modality of ours that it means something to, as the registry says; or empty."""
        if not {"explain", "layers"}.intersection(self.commands):
            return ""  # the others are of one modality, or of all
        from andornot.data.registry import only_for

        modality = only_for(self.key)
        return "" if modality is None else modality.name

    @property
    def key(self) -> str:
        """The name under which its command gets it."""
        return self.name or self.flags[0].lstrip("-").replace("-", "_")

    @property
    def default(self) -> Any:
        """The default of the API; None where there is none, or where it is made anew each time."""
        return None if self.home is None else getattr(self.home, self.field, None)

    @property
    def shown(self) -> str:
        """The default as the help and the reference show it; empty if there is none."""
        value = self.default
        if value is None or isinstance(value, bool):
            return self.note
        if isinstance(value, tuple):
            value = ",".join(value)
        return f"{value}; {self.note}" if self.note else str(value)

    @property
    def python(self) -> str:
        """How Python says it; empty where only the command line has it."""
        if self.api or self.home is None:
            return self.api
        return _SPELT.get(self.home.__name__, f"{self.home.__name__}({{}}=)").format(self.field)

    @property
    def placeholder(self) -> str | None:
        """What stands for its value: the choices, a metavariable, or nothing for a switch."""
        if get_origin(self.kind) is Literal:
            return f"[{'|'.join(get_args(self.kind))}]"
        number = self.kind is int or type(self.default) is int
        return self.metavar or ("N" if number else None)

    def option(self) -> Callable[[F], F]:
        """The decorator that gives a command this option."""
        names = (*self.flags, *([self.name] if self.name else []))
        default = {} if self.unset or self.default is None else {"default": self.default}
        shown = f"  [default: {self.shown}]" if self.shown else ""
        settings = default | {"type": _click_type(self.kind), "metavar": self.placeholder}
        if self.more.get("is_flag"):
            settings = {"is_flag": True}
        return click.option(
            *names, cls=GroupedOption, group=self.group, help=self.help + shown,
            **settings | dict(self.more),
        )  # fmt: skip


_SPELT = {
    **dict.fromkeys(("SearchOptions", "RunOptions", "Execution"), "{}"),
    "TrustOptions": "trust=TrustOptions({}=)",
    "Recording": "recording=Recording({}=)",
    "Reading": "reading=Reading({}=)",
    "Threshold": "threshold=Threshold({}=)",
    "Ranges": "threshold=Ranges({}=)",
    "Words": "words=Words({}=)",
    "ConceptOptions": "text_concepts=ConceptOptions({}=)",
    "Request": "",
}
"""How a field of a record is given to ``dissect``."""


def _click_type(kind: Any) -> Any:
    return click.Choice(get_args(kind)) if get_origin(kind) is Literal else kind


class GroupedOption(click.Option):
    """An option that knows the heading it stands under."""

    def __init__(self, *arguments: Any, group: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose help lists the options under headings.

    Args:
        headings: names of parameters by a heading of this command alone; they stand there, and not
            under the heading that they have in other commands.
    """

    def __init__(
        self, *arguments: Any, headings: Mapping[str, Sequence[str]] | None = None, **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self.headings = headings or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those without a heading of their own under the last one."""
        groups = (*self.headings, *GROUPS)
        own = {name: group for group, names in self.headings.items() for name in names}
        other = GROUPS[-1] if self.headings else None
        rows: dict[str, list[tuple[str, str]]] = {group: [] for group in groups}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                usual = str(other or getattr(parameter, "group", GROUPS[-1]))
                rows[own.get(str(parameter.name), usual)].append(record)
        for group in filter(rows.get, groups):
            with formatter.section(group):
                formatter.write_dl(rows[group])


class SectionedGroup(click.Group):
    """A group of commands whose help lists them under headings, each with a whole sentence.

    Args:
        sections: names of commands by heading; all others stand under the last one.
    """

    def __init__(
        self, *arguments: Any, sections: Mapping[str, Sequence[str]], **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self.sections = sections

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the sections."""
        listed = [name for names in self.sections.values() for name in names]
        return [*listed, *(name for name in super().list_commands(ctx) if name not in listed)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands."""
        heading_of = {name: heading for heading, names in self.sections.items() for name in names}
        last = list(self.sections)[-1]
        rows: dict[str, list[tuple[str, str]]] = {heading: [] for heading in self.sections}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                said = command.get_short_help_str(limit=200)
                rows[heading_of.get(name, last)].append((name, said))
        for heading, commands in rows.items():
            with formatter.section(heading):
                formatter.write_dl(commands)

"""Change what a network says: ``andornot attack`` and ``andornot edit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from andornot.cli import completion
from andornot.cli.machine import beside, is_watched, print_json, print_tsv
from andornot.cli.options import ALSO, DATA, JSON, MODEL, RUN, TRUST_CODE, open_run
from andornot.cli.settings import GroupedCommand
from andornot.cli.table import options_of, values_of
from andornot.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from andornot.edits import Attack, Edited, EditSession

_SAMPLE = click.argument("sample")


@click.command(cls=GroupedCommand)
@RUN
@options_of("attack")
def attack(run: Path, source: str, target: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Find edits that take samples of one class to another, and test them against controls.

    The edits are those that the formulas of a RUN's units ask for: things to paste, regions to
    recolour, words to insert. Controls are unrelated things, colours and words.
    """
    from andornot._tools.folders import check_free_for
    from andornot._tools.progress import show_progress
    from andornot._tools.writable import check_folder
    from andornot.data.classes import class_index
    from andornot.edits import AttackOptions
    from andornot.edits import attack as find_edits
    from andornot.edits.attack_files import folder_of
    from andornot.edits.classes import class_names
    from andornot.edits.result import PATTERNS
    from andornot.runs.reopen import samples_from

    show_progress(not quiet)
    opened = open_run(run, options["trust_code"])
    check_folder(options["out"] or opened.path / "attacks")
    layer, names = opened.layer(options["layer"]), class_names(opened)
    start, end = (names[class_index(names, name)] for name in (source, target))
    out = options["out"] or folder_of(opened, layer, start, end)
    check_free_for(out, PATTERNS)  # now, and not after the search
    found = find_edits(
        opened,
        source,
        target,
        layer=options["layer"],
        model=options["model"],
        data=samples_from(opened, options["data"]),
        also=options["also"],
        options=AttackOptions(**values_of(AttackOptions, "attack", options)),
    )
    found.write(out)  # before it is printed, which may fail where nobody reads
    if as_json:
        print_json(found.as_dict())
        return
    _print_attack(found)
    beside(f"written: {out}")


@click.group()
def edit() -> None:
    """Edit one sample of a RUN by hand, and ask networks about it before and after."""


@edit.command(
    cls=GroupedCommand,
    headings={
        "What is pasted": ("concept", "file"),
        "Where": ("x", "y", "size", "grid"),
        "Whom to ask": ("also", "model"),
    },
)
@RUN
@_SAMPLE
@click.option(
    "--concept", metavar="FORMULA", shell_complete=completion.formula,
    help="Cut out where this holds in the run's images.",
)  # fmt: skip
@click.option("--file", type=click.Path(path_type=Path), help="Paste this image (RGBA) instead.")
@click.option(
    "--x",
    type=float,
    default=0.5,
    show_default=True,
    help="Put its centre here, a share of the width.",
)
@click.option(
    "--y",
    type=float,
    default=0.5,
    show_default=True,
    help="Put its centre here, a share of the height.",
)
@click.option(
    "--size",
    type=float,
    default=0.4,
    show_default=True,
    help="Make it so large: the root of its share of the area.",
)
@click.option("--grid", metavar="CLASS", help="Try all sizes and places, and watch this class.")
@ALSO
@MODEL
@TRUST_CODE
@DATA
@click.option("--out", type=click.Path(path_type=Path), help="Write the edited image here.")
@JSON
def paste(
    run: Path, sample: str, concept: str | None, file: Path | None, grid: str | None, **options: Any
) -> None:
    """Paste a cut-out into the image SAMPLE."""
    from andornot.edits import Paste, Place, read_cutout

    if (concept is None) == (file is None):
        raise click.UsageError("give either --concept or --file")
    if grid is not None and options["out"] is not None:
        raise click.UsageError("--out is for one picture, not for a --grid of them")
    session = _session(run, options)
    cutout = read_cutout(file) if file is not None else session.cutout(str(concept))
    if grid is not None:
        _print_frame(session.sensitivity([sample], cutout, grid), options["as_json"])
        return
    place = Place(options["x"], options["y"], options["size"])
    _tell(session.try_edit(sample, Paste(cutout, place)), options)


@edit.command()
@RUN
@_SAMPLE
@click.argument("region", metavar="FORMULA", shell_complete=completion.formula)
@click.argument("colour")
@ALSO
@MODEL
@TRUST_CODE
@DATA
@click.option("--out", type=click.Path(path_type=Path), help="Write the edited image here.")
@JSON
def recolour(run: Path, sample: str, region: str, colour: str, **options: Any) -> None:
    """Give the region of the image SAMPLE where FORMULA holds another COLOUR.

    COLOUR is a colour concept of the run, #rrggbb, or a name of HTML.
    """
    from andornot.edits import Recolour

    session = _session(run, options)
    formula = session.region(region)
    rgb = session.colour(colour, formula)
    _tell(session.try_edit(sample, Recolour(formula, rgb, colour)), options)


@edit.command(
    cls=GroupedCommand,
    headings={
        "What is changed": ("insert", "where", "delete", "replace"),
        "Whom to ask": ("also", "model"),
    },
)
@RUN
@_SAMPLE
@click.option(
    "--insert", metavar="WORD", help="Insert a word, such as nobody; in pairs hyp:nobody."
)
@click.option(
    "--where",
    type=click.Choice(["start", "determiner", "end"]),
    default="start",
    show_default=True,
    help="Choose where to insert it.",
)
@click.option("--delete", metavar="WORD", help="Delete a word.")
@click.option("--replace", metavar="WORD=NEW", help="Replace a word.")
@ALSO
@MODEL
@TRUST_CODE
@DATA
@JSON
def words(
    run: Path,
    sample: str,
    insert: str | None,
    where: Any,
    delete: str | None,
    replace: str | None,
    **options: Any,
) -> None:
    """Insert, delete or replace a word of the sentence SAMPLE, or of the pair (pre: or hyp:)."""
    from andornot.edits import Delete, Insert, Replace, Word

    if sum(value is not None for value in (insert, delete, replace)) != 1:
        raise click.UsageError("give one of --insert, --delete and --replace")
    change: Any
    if insert is not None:
        change = Insert((Word.read(insert),), where)
    elif delete is not None:
        change = Delete(Word.read(delete))
    else:
        old, _, new = str(replace).partition("=")
        if not new:
            raise click.UsageError("give --replace as WORD=NEW; --delete takes a word out")
        change = Replace(Word.read(old), new)
    _tell(_session(run, options, on_words=True).try_edit(sample, change), options)


def _picture_format(path: Path) -> str:
    """The format that a picture's name asks for.

    Raises:
        OptionError: no picture can be written in such a file.
    """
    from PIL import Image

    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind not in Image.SAVE:
        raise OptionError(f"{path} is no name of a picture; let it end in .png or .jpg")
    return kind


def _session(run: Path, options: dict[str, Any], on_words: bool = False) -> EditSession:
    from andornot._tools.writable import check_new_file
    from andornot.edits import EditSession
    from andornot.runs.reopen import samples_from

    if options.get("out") is not None:
        _picture_format(options["out"])  # a wrong name is told before any work
        check_new_file(options["out"])
    opened = open_run(run, options["trust_code"])
    if on_words and "words" not in opened.modality.edits:
        raise OptionError(
            f"{run} was made from {opened.modality.samples}; words are edited in runs on sentences "
            "and pairs of them"
        )
    return EditSession.open(
        opened,
        model=options["model"],
        data=samples_from(opened, options["data"]),
        also=options["also"],
    )


def _tell(edited: Edited, options: dict[str, Any]) -> None:
    """Write the edited image, and print what the networks say."""
    from andornot.edits.attack_files import is_picture

    if options.get("out") is not None:
        from functools import partial

        from andornot._tools.files import write_whole, writing

        save = partial(edited.after.save, format=_picture_format(options["out"]))
        with writing(options["out"]):
            write_whole(options["out"], save)
    elif not options["as_json"] and not is_picture(edited.after):
        from andornot.edits.attack_samples import sides

        for line in sides(edited.before, edited.after):
            beside(line)
    _print_frame(edited.predictions, options["as_json"])


def _print_frame(frame: Any, as_json: bool) -> None:
    if as_json:
        click.echo(frame.to_json(orient="records"))
        return
    if is_watched():
        click.echo(frame.to_string(index=False, float_format="{:.3f}".format))
    else:
        print_tsv(frame.to_dict("records"), frame.columns)


def _print_attack(found: Attack) -> None:
    from rich.console import Console

    watched = is_watched()
    console = Console(markup=False, highlight=False, stderr=not watched, soft_wrap=not watched)
    if watched:
        _print_edits(console, found)
    else:
        edits = found.tables["edits"]
        print_tsv(edits.to_dict("records"), edits.columns)
    for sentence in found.sentences:
        console.print(f"- {sentence}")
    _print_examples(console, found)


def _print_edits(console: Any, found: Attack) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{found.source} to {found.target}", title_justify="left")
    table.add_column("edit", overflow="fold")
    for header in ("flips", "controls", "best control", "difference"):
        table.add_column(header, justify="right")
    for row in found.tables["edits"].to_dict("records"):
        table.add_row(
            Text(row["edit"] + f" (and {row['alike']} alike)" * bool(row["alike"])),
            f"{row['flip_rate']:.0%}",
            f"{row['control_rate']:.0%}",
            f"{row['best_control_rate']:.0%}",
            f"{row['difference']:+.0%} ({row['difference_low']:+.0%} to "
            f"{row['difference_high']:+.0%})",
        )
    console.print(table)


def _print_examples(console: Any, found: Attack, count: int = 3) -> None:
    """Print the first sentences of each edit; pictures are in the folder."""
    from andornot.edits.attack_files import is_picture
    from andornot.edits.attack_samples import lines

    for edit, examples in found.examples_by_edit().items():
        pairs: Sequence[Any] = [e for e in examples if not is_picture(e.before)]
        if pairs:
            console.print(f"\n{edit}", markup=False, highlight=False)
        for example in pairs[:count]:
            console.print(lines(example), markup=False, highlight=False)

"""``andornot data``: get data sets and networks, look through data, convert them."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from andornot._tools.commands import one_word
from andornot.cli.ending import goes_on_in
from andornot.cli.machine import print_json

if TYPE_CHECKING:
    from andornot.data.check import DataCheck
    from andornot.downloads.catalogue import Item

MIRROR = "ANDORNOT_MIRROR"
"""Environment variable with the address of a mirror."""

SHOWN = 5
"""Unreadable samples that are named one by one."""


@click.group()
def data() -> None:
    """Get data sets and networks, look through data before a run, convert them."""


@data.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List what andornot data get can get, with size, licence, checksum and source."""
    from dataclasses import asdict

    from andornot.downloads.catalogue import CATALOGUE

    if as_json:
        print_json([asdict(item) for item in CATALOGUE])
        return
    for item in CATALOGUE:
        click.echo(f"{item.name:<20} {item.what}")
        for word, text in _facts(item).items():
            click.echo(f"{'':<20} {word}: {text}")
    click.echo("\nandornot data get NAME downloads one of them.")


def _facts(item: Item) -> dict[str, str]:
    """What is known of an item."""
    if item.checksum:
        checksum = f"{item.checksum.partition(':')[0]} published"
    elif item.reported:
        checksum = f"none published; one other project states {item.reported.partition(':')[0]}"
    else:
        checksum = "none published"
    noted = "" if item.checksum else "; the first download's is noted, and later ones compared"
    size = item.about or "not stated"
    if item.size is not None:
        size = f"{item.size / 1e6:,.0f} MB"
    source = " or ".join(item.addresses) or "needs a registration (andornot data get says how)"
    facts = {"size": size, "licence": item.licence, "checksum": checksum + noted}
    return (facts if item.addresses else {"licence": item.licence}) | {"from": source}


@data.command()
@click.argument("name")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="Put it into this folder.",
)
@click.option(
    "--mirror",
    envvar=MIRROR,
    metavar="URL",
    help=f"Get the files from this folder on the web, instead of the publishers; or set {MIRROR}.",
)
@click.option("--quiet", is_flag=True, help="Show no progress bars.")
def get(name: str, to: Path, mirror: str | None, quiet: bool) -> None:
    """Download the data set or the network NAME (see andornot data list).

    What was interrupted goes on where it stopped; what is there already is left alone.
    """
    from andornot._tools.progress import show_progress
    from andornot.downloads.catalogue import find
    from andornot.downloads.get import get as get_item

    show_progress(not quiet)
    goes_on_in(to, f"{escape(find(name).file)}*")
    got = get_item(name, to, mirror)
    for note in got.notes:
        click.echo(f"note: {note}")
    click.echo(f"licence: {got.item.licence}")
    click.echo(f"{got.item.name} is in {got.path}; use it by\n\n    {got.use}\n")


@data.command()
@click.argument("spec")
@click.option("--split", help="Look only at the samples of this split.")
@click.option("--samples", type=int, metavar="N", help="Look at N samples, spread evenly.")
@click.option(
    "--group", metavar="NAME", help="Keep together samples that belong together, as for explain."
)
@click.option("--jobs", type=int, metavar="N", help="Use N threads  [default: all cores].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--quiet", is_flag=True, help="Show no progress bars.")
def check(spec: str, as_json: bool, quiet: bool, jobs: int | None, **options: Any) -> int:
    """Say what is in a data set, and what is suspicious, before you wait for a run.

    SPEC is a path, or KIND:PATH as for --data. Every sample and its labels are read once. The
    exit status is 1 if a sample cannot be read.
    """
    from andornot._tools.progress import show_progress
    from andornot.data.registry import modality_of_data

    show_progress(not quiet)
    opened = _open(spec, **options)
    modality = modality_of_data(opened)
    found: DataCheck = modality.find(modality.check)(opened, jobs)
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found, spec)
    return 1 if found.unreadable else 0


def _print(found: DataCheck, spec: str) -> None:
    for word, text in found.facts.items():
        click.echo(f"{word:<14} {text}")
    for sentence in found.unreadable[:SHOWN]:
        click.echo(f"UNREADABLE: {sentence}")
    if len(found.unreadable) > SHOWN:
        click.echo(f"UNREADABLE: and {len(found.unreadable) - SHOWN:,} more (--json lists all)")
    for warning in found.warnings:
        click.echo(f"look: {warning}")
    if found.unreadable:
        click.echo(f"{len(found.unreadable):,} samples cannot be read: mend them or take them out.")
    else:
        named = spec if ":" in spec else found.facts["kind"]
        click.echo(f"Every sample can be read; use them by\n\n    --data {one_word(named)}\n")


def _open(spec: str, split: str | None, samples: int | None, group: str | None) -> Any:
    """Open what a text names, also where it leaves out what kind of data that is."""
    from andornot.data.registry import open_samples, recognised

    kind = recognised(Path(spec))
    return open_samples(f"{kind}:{spec}" if kind else spec, split, samples, group)


@data.command()
@click.argument("spec")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--split", help="Take only the samples of this split.")
@click.option("--samples", type=int, metavar="N", help="Take at most N samples, spread evenly.")
@click.option("--colors", is_flag=True, help="Add the eleven basic colours, as a layer.")
@click.option("--jobs", type=int, metavar="N", help="Use N threads  [default: all cores].")
@click.option("--quiet", is_flag=True, help="Show no progress bars.")
def convert(
    spec: str,
    out: Path,
    split: str | None,
    samples: int | None,
    colors: bool,
    jobs: int | None,
    quiet: bool,
) -> None:
    """Write annotated images of any kind as a label-map folder, a format that is easy to edit.

    SPEC is a path, or KIND:PATH as for --data. Image files are copied as they are.
    """
    from andornot._tools.progress import show_progress
    from andornot._tools.writable import check_folder
    from andornot.data.images.convert import convert as write
    from andornot.data.images.open import open_data

    show_progress(not quiet)
    check_folder(out)
    opened = open_data(spec, split=split, limit=samples, colors=colors)
    written = write(opened, out, jobs)
    named = one_word(f"labelmaps:{out}")
    click.echo(f"wrote {len(written):,} samples; use them by\n\n    --data {named}\n")

"""``andornot demo``."""

from __future__ import annotations

from pathlib import Path

import click

from andornot.cli.settings import GroupedCommand
from andornot.cli.table import options_of
from andornot.demo import DEMOS


@click.command(cls=GroupedCommand)
@options_of("demo")
def demo(out: Path, only: str | None, seed: int, quiet: bool) -> None:
    """Make a small world of pictures and one of sentence pairs, both with planted facts.

    Train a network on each, explain its units, and show which of them name what was planted.
    """
    from andornot._tools.progress import show_progress
    from andornot._tools.writable import check_folder
    from andornot.cli.printing import print_run
    from andornot.demo import run_demo
    from andornot.views.run_table import run_table

    show_progress(not quiet)
    if out.exists() and not out.is_dir():
        raise click.UsageError(f"{out} is a file; give a folder with --out")
    check_folder(out)
    pages = []
    for name in DEMOS if only is None else (only,):
        done = run_demo(name, out / name, seed)  # type: ignore[arg-type]
        if not quiet:
            click.secho(f"\n{name} demo", bold=True)
            print_run(run_table(done.run, 10), "table")
        click.echo(f"\n{done.summary}")
        for finding in done.findings:
            click.echo(f"- {finding}")
        click.echo(f"\nThe {name} demo took {done.seconds:.0f} s.")
        pages.append(done.page)
    click.echo("Look at the pages:" if len(pages) > 1 else "Look at the page:")
    for page in pages:
        click.echo(f"  {page}")

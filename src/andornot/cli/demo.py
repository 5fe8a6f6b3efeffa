"""``andornot demo``."""

from __future__ import annotations

from pathlib import Path

import click

from andornot.cli.printing import print_run


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default="demo", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of world and training.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def demo(out: Path, seed: int, quiet: bool) -> None:
    """Paint a small world with planted facts, train a network on it, and explain its units."""
    from andornot.demo.vision.show import run_demo
    from andornot.progress import show_progress

    show_progress(not quiet)
    done = run_demo(out, seed)
    if not quiet:
        print_run(done.run, 10)
    click.echo(f"\nThe network gets {done.accuracy:.0%} of held-out pictures right.")
    for finding in done.findings:
        click.echo(f"- {finding}")
    click.echo(f"\n{done.seconds:.0f} s in all. Look at the pictures: {done.page}")

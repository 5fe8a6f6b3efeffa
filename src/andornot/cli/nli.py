"""``andornot nli``: train classifiers of sentence pairs, and say how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from andornot.cli.ending import goes_on_in
from andornot.cli.machine import print_json
from andornot.cli.settings import GroupedCommand
from andornot.cli.table import options_of, values_of
from andornot.errors import OptionError

if TYPE_CHECKING:
    from andornot.data.sentences.pairs import Pair
    from andornot.data.sentences.vectors import Vectors
    from andornot.models.sentences import Config, Epoch, Report

NETWORK = ("embedding", "state", "bidirectional", "pooling", "hidden", "dropout", "classes")
"""Options that change a preset network, by their names in the API."""


@click.group()
def nli() -> None:
    """Train classifiers of sentence pairs, and say how good they are."""


@nli.command(cls=GroupedCommand)
@options_of("nli train")
def train(out: Path, quiet: bool, device: str, **options: Any) -> None:
    """Train the paper's classifier, or go on with a training that was interrupted."""
    from andornot._tools.progress import show_progress
    from andornot._tools.writable import check_folder
    from andornot.models.sentences import TrainOptions
    from andornot.models.sentences import train as run

    show_progress(not quiet)
    check_folder(out)
    goes_on_in(out, "last.pt")
    say = (lambda _: None) if quiet else click.echo
    config = _config(options)
    how = TrainOptions(**values_of(TrainOptions, "nli train", options))
    learn, validation = _sides(options, say)
    vectors = _vectors(options["vectors"], [*learn, *validation], say)

    def tell(number: int, epoch: Epoch) -> None:
        say(
            f"epoch {number} of {how.epochs}: loss {epoch.loss:.3f}, "
            f"accuracy {epoch.accuracy:.3f}, validation {epoch.validation:.3f}"
        )

    report = run(learn, validation, out, config, how, vectors=vectors, device=device, on_epoch=tell)
    say(_summary(report))


@nli.command(cls=GroupedCommand)
@options_of("nli accuracy")
def accuracy(
    model: str, vocabulary: str | None, data: Sequence[str], device: str, as_json: bool
) -> None:
    """Say how often a classifier is right, and which classes it takes for which."""
    from andornot._tools.progress import show_progress
    from andornot.models.sentences import confusion, load_pair_model

    show_progress(not as_json)
    loaded = load_pair_model(model, vocabulary, device)
    pairs = _open(data, (lambda _: None) if as_json else click.echo)
    counts, classes = confusion(loaded, pairs), list(loaded.class_names)
    share = float(counts.trace() / counts.sum())
    if as_json:
        report = {"accuracy": share, "pairs": len(pairs), "classes": classes}
        print_json(report | {"confusion": counts.tolist()})
    else:
        _print_confusion(counts.tolist(), classes)
        click.echo(f"accuracy {share:.4f} on {len(pairs):,} pairs")


def _open(specs: Sequence[str], say: Any) -> tuple[Pair, ...]:
    """Open files of pairs, say what is in them, and keep the pairs with a label."""
    from andornot.data.sentences.open import join_labelled, open_pairs

    data = [open_pairs(spec, tagger=None) for spec in specs]
    for part in data:
        left_out = dict(part.dropped)
        if unlabelled := part.classes.count(""):
            left_out["no gold label"] = left_out.get("no gold label", 0) + unlabelled
        reasons = ", ".join(f"{n:,} left out with {why}" for why, n in left_out.items() if n)
        say(f"{part.path}: {len(part) - unlabelled:,} pairs{f' ({reasons})' if reasons else ''}")
    return join_labelled(data)


def _sides(options: dict[str, Any], say: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """The pairs to learn from, and those to validate with."""
    from andornot.models.sentences import hold_out

    share = options["hold_out"]
    if options["validation"] and share is not None:
        raise OptionError("give --validation or --hold-out, not both")
    learn: Sequence[Any] = _open(options["data"], say)
    if options["validation"]:
        validation: Sequence[Any] = _open(options["validation"], say)
    else:
        learn, validation = hold_out(learn) if share is None else hold_out(learn, share)
    say(f"{len(learn):,} pairs to learn from, {len(validation):,} to validate with")
    return learn, validation


def _config(options: dict[str, Any]) -> Config:
    """The preset network with what is given singly."""
    from dataclasses import replace

    from andornot.models.sentences import Config

    if options["vectors"] is not None and options["embedding"] is not None:
        raise OptionError("leave --embedding out; word vectors bring their own length")
    given = {name: options[name] for name in NETWORK if options[name] is not None}
    return replace(Config.preset(options["network"]), **given)


def _vectors(path: Path | None, pairs: Sequence[Pair], say: Any) -> Vectors | None:
    """The vectors of the words that occur."""
    if path is None:
        return None
    from andornot.data.sentences.vectors import read_glove

    words = {word for pair in pairs for sentence in pair.sentences for word in sentence.words}
    vectors = read_glove(path, words)
    say(f"{path}: vectors of {len(vectors):,} of {len(words):,} words, {vectors.dimension} numbers")
    return vectors


def _summary(report: Report) -> str:
    end = f" (no better one in {len(report.epochs) - report.best} more)"
    return (
        f"best: epoch {report.best}, validation accuracy {report.validation:.4f}"
        f"{end if report.stopped_early else ''}\nmodel: {report.model}"
    )


def _print_confusion(counts: list[list[int]], classes: list[str]) -> None:
    """Print labels as rows and answers as columns, with the share that is right of each."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column("label \\ answer")
    for name in [*classes, "right"]:
        table.add_column(Text(name), justify="right")
    for row, (name, line) in enumerate(zip(classes, counts, strict=True)):
        right = f"{line[row] / sum(line):.3f}" if sum(line) else "-"
        table.add_row(Text(name), *(f"{n:,}" for n in line), right)
    Console(markup=False).print(table)

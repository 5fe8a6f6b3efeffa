"""``andornot explain`` and ``andornot layers``."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from andornot._tools.commands import one_word
from andornot.cli.ending import goes_on_in, say
from andornot.cli.options import (
    context_of,
    modality_of,
    model_of,
    preprocessing_of,
    refuse,
    refuse_of_others,
    search_of,
    threshold_of,
    tokens_and_layout,
    trust_of,
)
from andornot.cli.settings import GroupedCommand
from andornot.cli.table import options_of
from andornot.errors import AndornotError, ModelError, NoFormulaWarning, OptionError

if TYPE_CHECKING:
    from andornot.models import LoadedModel
    from andornot.views.layer_tree import LayerLine


@click.command(
    cls=GroupedCommand,
    epilog="What each option means and when it matters: docs/reference/options.md; what verdicts "
    "mean: docs/explanation/trust.md.",
)
@options_of("explain")
def explain(out: Path, best: int, quiet: bool, as_json: bool, **options: Any) -> None:
    """Explain the units of one or several layers: a table of formulas, and a run directory."""
    from andornot._tools.progress import show_progress
    from andornot._tools.writable import check_folder
    from andornot.concepts.relations import read_relations
    from andornot.pipeline.dissect import dissect
    from andornot.probes.base import Recording
    from andornot.probes.directions import read_directions

    show_progress(not quiet)
    check_folder(out)
    goes_on_in(out, "cache/**/*")
    if not options["no_store"]:
        refuse(["memory"], "it is for --no-store")
    common = {
        "relations": read_relations(options["relations"]) if options["relations"] else None,
        "context": context_of(options),
        "threshold": threshold_of(options),
        "min_active": options["min_active"],
        "unit_of_count": options["unit_of_count"],
        "least_active_positions": options["min_active_positions"],
        "least_active_groups": options["min_active_groups"],
        "recording": Recording(
            options["batch_size"], options["device"], **tokens_and_layout(options)
        ),
        "folds": options["folds"],
        "units": options["units"],
        "directions": read_directions(options["directions"]) if options["directions"] else None,
        "jobs": options["jobs"],
        "trust": trust_of(options),
        "store": not options["no_store"],
        "memory": options["memory"],
        "executor": options["executor"],
        "verify": options["verify"],
        "sources": options["concepts_by"],
        **search_of(options),
    }
    drawn = _drawn(options)
    modality = modality_of(options)
    given = modality.find(modality.command)(options, drawn)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoFormulaWarning)  # told below, without a place in our code
        run = dissect(layer=options["layers"], out=out, **given, **common)
    if as_json or not quiet:
        from andornot.cli.printing import print_run
        from andornot.views.run_table import run_table

        print_run(run_table(run, best, told=True), "json" if as_json else None, _next(out))
    if quiet:
        for layer in run.layers:
            if told := run.result(layer).silence(layer):
                say(f"note: {told}")


def _next(out: Path) -> str:
    """What to do after a run."""
    named = one_word(str(out))
    return (
        f"next: andornot show {named} --units N shows a unit, and lists all in another order; "
        f"andornot report {named} makes pages"
    )


def _drawn(options: dict[str, Any]) -> str | None:
    """What stands for a file of weights where they are drawn anew."""
    seed = options["random_weights"]
    if seed is not None and options["weights"] is not None:
        raise OptionError("--weights and --random-weights exclude each other; give one of them")
    return None if seed is None else f"random:{seed}"


@click.command(cls=GroupedCommand)
@options_of("layers")
def layers(everything: bool, under: str | None, as_json: bool, **options: Any) -> None:
    """Show the layers of a network that can be explained, with what each gives for one sample.

    Takes what ``andornot explain`` takes: networks for images, classifiers of sentence pairs, and
    models of running text.
    """
    from andornot.cli.layer_tree import print_layers
    from andornot.models import LoadedModel
    from andornot.views.layer_tree import with_usual

    model = _network(options)
    of_images = isinstance(model, LoadedModel)
    of_pairs = not of_images and hasattr(model, "class_names")
    found = _layers if of_images else _pair_layers if of_pairs else _text_layers
    lines = tuple(found(options, model))
    if not lines:
        raise ModelError(
            f"No layer of {options['model']} can be explained, for none of its modules runs as one "
            "in a forward pass: give the network as Python classes, not as it was exported."
        )
    notes = model.notes if of_images else ()
    marked = with_usual(lines, *_of_classifier(model)) if of_pairs else with_usual(lines)
    print_layers(marked, notes, under=under, everything=everything, as_json=as_json)


def _network(options: dict[str, Any]) -> Any:
    """What ``--model`` names: one for images, a ``PairModel``, or a ``SequenceModel``."""
    from andornot.models.from_file import NoNetworkError
    from andornot.models.sentences import PairModel, load_pair_model
    from andornot.models.sequences.protocol import SequenceModel

    if _reads_sentences(options["model"]):
        return load_pair_model(options["model"])
    try:
        return model_of(options)
    except NoNetworkError as error:
        if not isinstance(error.returned, PairModel | SequenceModel):
            raise
        return error.returned


def _of_classifier(model: Any) -> tuple[int, frozenset[str]]:
    """How many classes a classifier of sentences has, and its layers but those idle in use."""
    from torch import nn

    module = getattr(model, "module", None)
    modules = dict(module.named_modules()) if isinstance(module, nn.Module) else {}
    idle = {name for name, part in modules.items() if isinstance(part, nn.Dropout | nn.Identity)}
    return len(model.class_names), frozenset(model.layers) - idle


def _layers(options: dict[str, Any], model: LoadedModel) -> Iterator[LayerLine]:
    """Layers of a network for images."""
    import torch

    from andornot.models import list_layers
    from andornot.views.layer_tree import LayerLine

    chosen = preprocessing_of(options, model.preprocessing)
    if chosen is None:
        raise OptionError(
            f"{options['model']} does not say what its input looks like; give --preset, or --size "
            "with --mean and --std"
        )
    blank = torch.zeros(1, 3, chosen.height, chosen.width)
    for info in list_layers(model.module, blank, **tokens_and_layout(options)):
        yield LayerLine(info.path, info.type, info.kind, info.units, info.shape, info.grid)


def _pair_layers(options: dict[str, Any], model: Any) -> Iterator[LayerLine]:
    """Layers of a classifier of sentence pairs, tried on one small pair."""
    from andornot.data.sentences.modality import SENTENCES
    from andornot.data.sentences.pairs import Pair, Sentence
    from andornot.views.layer_tree import LayerLine

    refuse_of_others(options, SENTENCES)
    pair = Pair("example", Sentence(("a", "dog", "runs")), Sentence(("a", "dog")))
    try:
        for layer in model.layers:
            units = model.record([pair], [layer]).activations[layer].shape[1]
            yield LayerLine(layer, "", "pair", units, (1, units))
        for layer in getattr(model, "token_layers", ()):
            units = model.record_tokens([pair], [layer])[layer][0].shape[1]
            yield LayerLine(layer, "", "token", units, (5, units))
    except AndornotError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"The model {options['model']} failed on an example pair with {type(error).__name__}: "
            f"{reason}; docs/how-to/classifiers.md says what it must answer."
        ) from error


def _text_layers(options: dict[str, Any], model: Any) -> Iterator[LayerLine]:
    """Layers of a model of sequences, tried on a few words."""
    from andornot.data.sequences.modality import SEQUENCES, TOKEN
    from andornot.models.sequences.read import read_document, recorded
    from andornot.views.layer_tree import LayerLine

    refuse_of_others(options, SEQUENCES)
    read = read_document(model, "A dog runs.", "example")
    for layer, values in recorded(model, [read], model.layers, 1).items():
        yield LayerLine(layer, "", TOKEN.name, values.shape[1], values.shape)


_OF_IMAGES = {"image_size", "num_channels", "patch_size", "vision_config", "image_config"}
"""What the configuration of a transformers model says of images, if it reads some."""


def _reads_sentences(spec: str) -> bool:
    """Whether a text names a classifier of sentence pairs, and no network for images."""
    from andornot._tools.files import split_part

    kind, _, name = spec.partition(":")
    if kind != "hf" or not name:
        return split_part(spec)[0].suffix in (".pt", ".pth", ".safetensors")
    try:
        config = json.loads((Path(name) / "config.json").read_text(encoding="utf-8"))
        classes = config.get("architectures") or ()
    except (OSError, ValueError, AttributeError):
        return False  # whoever loads it says what is wrong
    of_words = "vocab_size" in config and not _OF_IMAGES & config.keys()
    return of_words or any("ForSequenceClassification" in str(name) for name in classes)

"""Groups of options that several commands have, and what they mean to the API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from andornot._tools.numerals import whole
from andornot._tools.progress import tell
from andornot.cli.values import Length, Names, Numbers
from andornot.errors import OptionError, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from andornot.models import Preprocessing
    from andornot.runs.run import Run
    from andornot.trust.options import TrustOptions

F = TypeVar("F", bound=Callable[..., Any])


def with_options(options: list[Callable[[F], F]]) -> Callable[[F], F]:
    """Put a group of options on a command, in their order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


TRUST_CODE = click.option(
    "--trust-code",
    is_flag=True,
    help="Let the code run that the RUN names (a network's Python file, a spaCy model); needed "
    "once for this code and this network.",
)


def open_run(path: Path, trust_code: bool) -> Run:
    """Open a run, and keep in mind that its code may run, if the user says so.

    Raises:
        RunError: there is no finished run, or a damaged one.
    """
    from andornot.runs.run import Run

    run = Run.open(path, trust_code=trust_code)
    if trust_code:
        from andornot.runs.code import remember

        remember(run)
    return run


def folder_name(layer: str) -> str:
    """A layer's name as a folder may be called; a run says itself what its layers are called."""
    return re.sub(r"^\.*$|[/\\:\0]", "_", layer)


MODEL_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--model",
        required=True,
        metavar="SPEC",
        help="torchvision:NAME, hf:DIRECTORY or path/to/file.py:function (which runs that file).",
    ),
    click.option(
        "--weights",
        metavar="FILE",
        help="State dict or checkpoint (.pt, .pth, .safetensors); FILE#PART: one of several in it.",
    ),
    click.option(
        "--preset",
        metavar="NAME",
        help="Preprocessing by name, such as imagenet; default: the model's own.",
    ),
    click.option("--size", type=Numbers(), metavar="N or H,W", help="Input size in pixels."),
    click.option("--mean", type=Numbers(), metavar="R,G,B", help="Mean, white being 1."),
    click.option("--std", type=Numbers(), metavar="R,G,B", help="Standard deviation."),
    click.option(
        "--tokens", metavar="N", help="Leading tokens of a transformer that are no patches."
    ),
    click.option(
        "--layout",
        type=click.Choice(["channels_first", "channels_last"]),
        help="Axes of outputs with four, or (N, C, 1); found by itself if it can be.",
    ),
]
"""Options that say which network, and how images become its input."""


WORD_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--words",
        type=int,
        metavar="N",
        help="Sentences: the N most frequent words are concepts [default: 2000].",
    ),
    click.option(
        "--stop-words",
        type=Names(),
        metavar="NAMES",
        help="Sentences: words that are no concepts; default for pairs: a, an, the, of, . and ,",
    ),
    click.option(
        "--vectors", metavar="FILE", help="Sentences: GloVe vectors as text, for NEIGHBORS."
    ),
    click.option(
        "--neighbors",
        type=int,
        metavar="N",
        help="Sentences: nearest words of a word [default: 5].",
    ),
]
"""Options that say which words of sentences become concepts."""

_IMAGES_ONLY = ("weights", "preset", "size", "mean", "std", "tokens", "layout", "colors")
_SENTENCES_ONLY = ("words", "stop_words", "vectors", "neighbors")


SEARCH_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--length",
        type=Length(),
        default=3,
        show_default=True,
        metavar="N or auto",
        help="Longest formula, in concepts; auto: held-out samples choose, up to 10.",
    ),
    click.option(
        "--beam-size", type=int, default=10, show_default=True, help="Formulas kept at each step."
    ),
    click.option(
        "--search",
        type=click.Choice(["auto", "beam", "optimal", "exhaustive"]),
        default="auto",
        show_default=True,
        help="How to search.",
    ),
    click.option(
        "--space",
        type=click.Choice(["left-deep", "trees"]),
        default="left-deep",
        show_default=True,
        help="Formulas that grow by one concept at a time, or both operands formulas.",
    ),
    click.option(
        "--nodes",
        type=int,
        metavar="N",
        help="Optimal search: prefixes of formulas to try, for each unit [default: 1,000,000].",
    ),
    click.option(
        "--seconds", type=float, metavar="S", help="Optimal search: longest time for each unit."
    ),
    click.option(
        "--metric",
        default="iou",
        show_default=True,
        help="Score to search for, such as f1 or mcc; pearson correlates with raw activations.",
    ),
    click.option(
        "--operators",
        type=Names(),
        metavar="NAMES",
        help='Among OR, AND, AND NOT; default all, as "OR,AND,AND NOT".',
    ),
    click.option(
        "--penalty",
        type=float,
        default=1.0,
        show_default=True,
        help="Factor on the score for each further concept.",
    ),
    click.option(
        "--candidates", type=int, metavar="N", help="Compose only with the N best single concepts."
    ),
    click.option(
        "--categories", type=Names(), metavar="NAMES", help="Use only concepts of these categories."
    ),
    click.option(
        "--concepts",
        type=Names(),
        metavar="NAMES",
        help="Use only these concepts; put a name that has commas in double quotes.",
    ),
    click.option(
        "--profile",
        type=click.Choice(["mu2020"]),
        help="Repeat the published beam search move for move.",
    ),
    click.option(
        "--known-only",
        is_flag=True,
        help="Score each formula where all its categories were annotated; needs --no-trust.",
    ),
]
"""Options that say what to search for."""


TRUST_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--no-trust", is_flag=True, help="Do not find out how far explanations can be trusted."
    ),
    click.option(
        "--resamples",
        type=int,
        default=20,
        show_default=True,
        metavar="N",
        help="Trust: search again on N draws of the samples.",
    ),
    click.option(
        "--bootstrap",
        type=int,
        default=1000,
        show_default=True,
        metavar="N",
        help="Trust: intervals from N draws of the samples.",
    ),
    click.option(
        "--nulls",
        type=int,
        default=39,
        show_default=True,
        metavar="N",
        help="Trust: search N times where samples carry the annotations of others.",
    ),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="Trust: of all these draws."
    ),
]
"""Options that say how often to search again to know what explanations are worth."""


def trust_of(options: dict[str, Any]) -> TrustOptions | None:
    """How often to search again; None for not at all."""
    from andornot.trust.options import TrustOptions

    names = ("resamples", "bootstrap", "nulls", "seed")
    for without in ("no_trust", "no_store"):
        if options[without]:
            refuse(names, f"--{without.replace('_', '-')} finds out nothing about trust", without)
            return None
    return TrustOptions(**{name: options[name] for name in names})


def refuse(names: Iterable[str], reason: str, switch: str | None = None) -> None:
    """Refuse options that were given (on the command line or in a file) and would do nothing.

    Args:
        names: the options.
        reason: why they do nothing.
        switch: the option that makes it so; if it stands on the command line, it goes before what
            a file says.

    Raises:
        OptionError: one of them was given.
    """
    source = click.get_current_context().get_parameter_source
    on_line = click.core.ParameterSource.COMMANDLINE
    overruled = switch is not None and source(switch) == on_line
    for name in names:
        given = source(name)
        if given == on_line or (
            given not in (None, click.core.ParameterSource.DEFAULT) and not overruled
        ):
            option = name.replace("_", "-")
            raise OptionError(f"--{option} has no effect here, as {reason}; leave it out")


def are_sentences(options: dict[str, Any]) -> bool:
    """Whether the data are sentence pairs; options that mean nothing to them are refused."""
    from andornot.data.sentences.open import KINDS

    pairs = options["data"].partition(":")[0] in KINDS
    refuse_of_others(options, pairs)
    return pairs


def refuse_of_others(options: dict[str, Any], pairs: bool) -> None:
    """Refuse options for images where there are sentence pairs, and the other way round."""
    for name in _IMAGES_ONLY if pairs else _SENTENCES_ONLY:
        if options.get(name) is not None:
            option, these = name.replace("_", "-"), "images" if pairs else "sentence pairs"
            raise OptionError(f"--{option} is an option for {these}; leave it out here")


def words_of(options: dict[str, Any]) -> Any:
    """Which words become concepts."""
    from andornot.probes.pairs import Words

    given = {
        "n_words": options["words"],
        "stop_words": options["stop_words"],
        "vectors": options["vectors"],
        "n_neighbors": options["neighbors"],
    }
    return Words(**{name: value for name, value in given.items() if value is not None})


def model_of(options: dict[str, Any]) -> Any:
    """Load the network that the options name."""
    from andornot.models import load_model

    return load_model(options["model"], options["weights"])


def data_of(options: dict[str, Any]) -> Any:
    """Open the images that the options name."""
    from andornot.data.images.open import open_data

    colors = options["colors"]
    return open_data(
        options["data"],
        split=options["split"],
        limit=options["samples"],
        colors={"yes": True, "true": True, "no": False, "false": False}.get(
            (colors or "no").lower(), colors
        ),
        group=options["group"],
    )


def threshold_of(options: dict[str, Any]) -> Any:
    """Take ranges, quantile or fixed threshold; the command line goes before a file."""
    from andornot.counting.ranges import Ranges
    from andornot.counting.thresholds import Threshold

    quantile, fixed = options["quantile"], options["threshold"]
    if options["ranges"] is not None:
        if quantile is not None or fixed is not None:
            raise OptionError(
                "--ranges cut all activations, so there is no threshold; leave --quantile and "
                "--threshold out"
            )
        refuse(["resolution"], "--ranges have no threshold")
        return Ranges(options["ranges"], options["range_by"])
    refuse(["range_by"], "there are no --ranges")
    context = click.get_current_context()
    if quantile is not None and fixed is not None:
        # what stands on the command line goes before a configuration file
        given = {name: context.get_parameter_source(name) for name in ("quantile", "threshold")}
        if given["quantile"] != given["threshold"]:
            on_line = click.core.ParameterSource.COMMANDLINE
            quantile = quantile if given["quantile"] == on_line else None
            fixed = fixed if given["threshold"] == on_line else None
    if quantile is None and fixed is None:
        native = options["resolution"] == "native"
        return None if native else Threshold(resolution=options["resolution"])
    return Threshold(quantile, fixed, options["resolution"])


def tokens_and_layout(options: dict[str, Any]) -> dict[str, Any]:
    """Take what the options say of a layer's output."""
    tokens, layout = options["tokens"], options["layout"]
    number = "auto" if tokens is None else whole(str(tokens))
    if number is None:
        raise OptionError(
            f"--tokens is {quoted(tokens)}; give the number of leading tokens, such as 1"
        )
    return {"tokens": number, "layout": layout or "auto"}


def search_of(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of the search, by their names in the API."""
    names = (
        *("length", "beam_size", "search", "metric", "penalty", "categories", "profile"),
        *("space", "nodes", "seconds", "known_only"),
    )
    chosen = {name: options[name] for name in names}
    if options["operators"]:
        chosen["operators"] = options["operators"]
    return chosen | {"limit": options["candidates"], "concepts": options["concepts"]}


def preprocessing_of(options: dict[str, Any], own: Preprocessing | None) -> Preprocessing | None:
    """Combine the preset (or the model's own preprocessing) with what is given singly."""
    from dataclasses import replace

    from andornot.models import Preprocessing

    size, mean, std = options["size"], options["mean"], options["std"]
    chosen = Preprocessing.preset(options["preset"]) if options["preset"] else own
    if size is None and mean is None and std is None:
        return chosen
    if size is not None and (len(size) not in (1, 2) or not all(s.is_integer() for s in size)):
        raise OptionError(f"--size is {size}; give whole pixels, as 224 or 224,224")
    if chosen is None:
        if size is None:
            raise OptionError("give --size too, the model does not say its own")
        chosen = Preprocessing(int(size[0]), int(size[-1]), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        if mean is None and std is None:
            tell(
                "note: pixels go in as 0 to 1; give --mean and --std if the network was trained "
                "otherwise"
            )
    changes: dict[str, Any] = {"mean": mean, "std": std}
    if size is not None:
        changes |= {"height": int(size[0]), "width": int(size[-1])}
    return replace(chosen, **{name: v for name, v in changes.items() if v is not None})

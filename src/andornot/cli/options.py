"""Groups of options that several commands have, and what they mean to the API."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from andornot._tools.numerals import whole
from andornot._tools.progress import tell
from andornot.cli import completion
from andornot.cli.table import named, values_of
from andornot.counting.rules import Ranges, Threshold
from andornot.data.sequences.options import ConceptOptions
from andornot.errors import OptionError, quoted
from andornot.probes.reading import Reading
from andornot.probes.recording import Recording
from andornot.probes.words import Words
from andornot.search.options import SearchOptions
from andornot.trust.options import TrustOptions

if TYPE_CHECKING:
    from andornot.data.modality import Modality
    from andornot.models import Preprocessing
    from andornot.runs.run import Run

RUN = click.argument("run", type=click.Path(path_type=Path), shell_complete=completion.runs)
LAYER = named("attack", "layer").option()
ALSO = named("attack", "also").option()
MODEL = named("attack", "model").option()
DATA = named("attack", "data").option()
TRUST_CODE = named("attack", "trust_code").option()
JSON = named("attack", "as_json").option()
QUIET = named("attack", "quiet").option()
AGAINST = click.option(
    "--against",
    type=click.Path(path_type=Path),
    shell_complete=completion.runs,
    metavar="RUN",
    help="Count units as explained only above this run of the same network with random weights "
    "(andornot explain --random-weights).",
)
"""Options that commands on a finished run have in common, as decorators."""


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


def trust_of(options: dict[str, Any]) -> TrustOptions | None:
    """How often to search again; None for not at all."""
    given = values_of(TrustOptions, "explain", options)
    for without in ("no_trust", "no_store"):
        if options[without]:
            refuse(given, f"--{without.replace('_', '-')} finds out nothing about trust", without)
            return None
    return TrustOptions(**given)


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


def modality_of(options: dict[str, Any]) -> Modality:
    """The modality of the data; options that mean nothing to it are refused."""
    from andornot.data.registry import modality_of_spec

    modality = modality_of_spec(options["data"])
    refuse_of_others(options, modality)
    return modality


def refuse_of_others(options: dict[str, Any], modality: Modality) -> None:
    """Refuse options that are for other modalities.

    Raises:
        OptionError: one of them was given.
    """
    from andornot.data.registry import foreign_options

    for name, other in foreign_options(modality).items():
        # of options that may be given several times, none is an empty tuple
        if options.get(name) not in (None, ()):
            option = name.replace("_", "-")
            raise OptionError(f"--{option} is an option for {other.samples}; leave it out here")


def words_of(options: dict[str, Any]) -> Any:
    """Which words become concepts."""
    given = values_of(Words, "explain", options)
    return Words(**{name: value for name, value in given.items() if value is not None})


def reading_of(options: dict[str, Any]) -> Any:
    """How documents become positions."""
    given = values_of(Reading, "explain", options)
    return Reading(**{name: value for name, value in given.items() if value is not None})


def concepts_of(options: dict[str, Any]) -> Any:
    """Which concepts running text gets."""
    given = values_of(ConceptOptions, "explain", options)
    return ConceptOptions(**{n: value for n, value in given.items() if value not in (None, ())})


def model_of(options: dict[str, Any]) -> Any:
    """Load the network that the options name."""
    from andornot.models import load_model

    return load_model(options["model"], options["weights"])


def data_of(options: dict[str, Any]) -> Any:
    """Open the images that the options name."""
    from andornot.data.registry import open_samples

    colors = options["colors"]
    plain = {"yes": True, "true": True, "no": False, "false": False}
    return open_samples(
        options["data"], options["split"], options["samples"], options["group"],
        colors=plain.get((colors or "no").lower(), colors),
    )  # fmt: skip


def threshold_of(options: dict[str, Any]) -> Any:
    """Take ranges, quantile or fixed threshold; the command line goes before a file."""
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
        plain = options["resolution"] == Threshold.resolution
        return None if plain else Threshold(resolution=options["resolution"])
    return Threshold(quantile, fixed, options["resolution"])


def tokens_and_layout(options: dict[str, Any]) -> dict[str, Any]:
    """Take what the options say of a layer's output."""
    tokens, layout = options["tokens"], options["layout"]
    number = Recording.tokens if tokens is None else whole(str(tokens))
    if number is None:
        raise OptionError(
            f"--tokens is {quoted(tokens)}; give the number of leading tokens, such as 1"
        )
    return {"tokens": number, "layout": layout or Recording.layout}


def search_of(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of the search, by their names in the API."""
    return values_of(SearchOptions, "explain", options)


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

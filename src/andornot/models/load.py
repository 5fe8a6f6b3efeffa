"""Load a network from a short text that says where it comes from.

torchvision:resnet18       an architecture of torchvision, with weights from a file
hf:DIRECTORY               a transformers vision model in a local directory
path/to/file.py:function   whatever the function returns; this runs the file's code
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from andornot._tools.checks import texts
from andornot.errors import ModelError, quoted
from andornot.models.built import Built
from andornot.models.preprocess import Preprocessing
from andornot.models.random_weights import random_seed, randomize
from andornot.models.usable import refuse_empty, refuse_scripted
from andornot.models.weights import fingerprint
from andornot.specs import absolute, python_function


@dataclass(frozen=True)
class LoadedModel:
    """A network that is ready to be probed.

    Attributes:
        module: the network, on the CPU, in float32 and in evaluation mode.
        spec: the text it was loaded from.
        weights: the file or name of the weights, None if they came with the model.
        fingerprint: SHA-256 over architecture, weights and defining source.
        preprocessing: how images become its input, None if that is not known.
        class_names: name of each class, in the order of its logits, None if not known.
        notes: what a reader of the results should know, one sentence each.

    Examples:
        >>> model = load_model("colours.py:net", class_names=["warm", "cold"])
        >>> model.class_names, len(model.fingerprint)
        (('warm', 'cold'), 64)
    """

    module: nn.Module
    spec: str
    weights: str | None
    fingerprint: str
    preprocessing: Preprocessing | None = None
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process go the weights, and the text that says what they belong to.

        A module that no text names goes as it is, so its class must be in a module.
        """
        spec = absolute(self.spec) or self.spec
        rest = (spec, self.weights, self.fingerprint, self.preprocessing, self.class_names)
        try:
            _source(spec)
        except ModelError:
            return LoadedModel, (self.module, *rest, self.notes)
        return _built_again, (self.module.state_dict(), *rest, self.notes)


def _built_again(state: dict[str, Any], spec: str, weights: str | None, *rest: Any) -> LoadedModel:
    kind, _, name = spec.partition(":")
    if kind == "torchvision":
        from andornot.models.from_torchvision import build_for

        module = build_for(
            name, state, trained=weights is not None and random_seed(weights) is None
        )
    else:
        module = _source(spec)(None).module
    module.load_state_dict(state)
    return LoadedModel(module.float().cpu().eval(), spec, weights, *rest)


def load_model(
    spec: str,
    weights: str | Path | None = None,
    *,
    preprocessing: Preprocessing | None = None,
    class_names: Sequence[str] | None = None,
) -> LoadedModel:
    """Load a network and its weights.

    Args:
        spec: ``torchvision:NAME``, ``hf:DIRECTORY`` or ``path/to/file.py:function``. The last
            imports the file and calls the function, so it runs code: use files you trust.
        weights: a torch or safetensors file with a state dict, or a checkpoint that holds one;
            of several, ``FILE#PART`` takes the one under that key (see ``weight_files``).
            For torchvision also the name of published weights (``DEFAULT``), which torchvision
            downloads. ``random:SEED`` draws all weights anew. None leaves what the model comes
            with: random numbers from torchvision, the directory's weights from hf, whatever the
            function loaded from a file.
        preprocessing: in place of the model's own.
        class_names: in place of the model's own.

    Raises:
        ModelError: the model or its weights cannot be loaded, or do not fit each other.

    Examples:
        >>> model = load_model("colours.py:net")
        >>> model.class_names
        ('fire', 'grass')
        >>> model.preprocessing.height
        8
        >>> load_model("torchvision:no_such_network")
        Traceback (most recent call last):
            ...
        andornot.errors.ModelError: torchvision has no image classifier 'no_such_network';
        did you mean mnasnet1_3 or mnasnet1_0 or mnasnet0_5?
    """
    seed = random_seed(weights)
    built = _source(spec)(weights if seed is None else None)
    if preprocessing is not None:
        built = replace(built, preprocessing=preprocessing)
    if class_names is not None:
        built = replace(built, class_names=texts(class_names, "class_names"))
    refuse_scripted(built.module)
    refuse_empty(built.module)
    module = built.module.float().cpu().eval()
    # that no weights were given is no news where they are drawn
    notes = built.notes if seed is None else randomize(module, seed)
    return LoadedModel(
        module,
        spec,
        None if weights is None else str(weights),
        fingerprint(module, built.source),
        built.preprocessing,
        built.class_names,
        notes,
    )


def _source(spec: str) -> Callable[[str | Path | None], Built]:
    """Find the function that builds the network that ``spec`` names."""
    kind, _, name = str(spec).partition(":")
    if kind == "torchvision" and name:
        from andornot.models.from_torchvision import build as build_torchvision

        return lambda weights: build_torchvision(name, weights)
    if kind == "hf" and name:
        from andornot.models.from_hf import build as build_hf

        return lambda weights: build_hf(Path(name), weights)
    if python := python_function(str(spec)):
        from andornot.models.from_file import build as build_file

        return lambda weights: build_file(*python, weights)
    raise ModelError(
        f"The model {quoted(spec)} cannot be understood: write torchvision:NAME, hf:DIRECTORY or "
        "path/to/file.py:function."
    )

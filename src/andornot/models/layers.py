"""The layers of a network: which there are, what they give, and one by its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from andornot.errors import ModelError, OptionError, quoted
from andornot.models.shapes import Layout, OutputKind, PrefixTokens, first_tensor, unit_map
from andornot.models.usable import is_scripted, refuse_scripted

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class LayerInfo:
    """One layer that can be explained, as seen in a forward pass.

    Attributes:
        path: dotted path, as in ``module.named_modules()``.
        type: name of the layer's class.
        shape: shape of its output, samples first.
        kind: ``maps`` (N, C, H, W), ``vector`` (N, C) or ``tokens`` (N, T, D).
        units: number of units.
        grid: height and width of each unit's map; (1, 1) of a vector.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3))
        >>> list_layers(network, torch.zeros(1, 3, 8, 8))
        [LayerInfo(path='0', type='Conv2d', shape=(1, 5, 6, 6), kind='maps', units=5, grid=(6, 6))]
    """

    path: str
    type: str
    shape: tuple[int, ...]
    kind: OutputKind
    units: int
    grid: tuple[int, int]


def list_layers(
    module: nn.Module,
    sample: torch.Tensor,
    *,
    tokens: PrefixTokens = "auto",
    layout: Layout = "auto",
) -> list[LayerInfo]:
    """List the layers that can be explained, in the order in which they first finish.

    Layers that do not run (or that TorchScript runs), or whose output cannot be laid out as maps,
    are left out, and so are those that do not give a row for each image (as a batch of two shows,
    if the network takes one), and the model itself. Of a layer that runs several times the last
    output counts; of an output that is not a tensor, the first tensor in it
    (``last_hidden_state`` in transformers).

    Args:
        module: the network; it is in evaluation mode during the call only.
        sample: a preprocessed batch (N, 3, H, W) on the network's device, best with N = 1.
        tokens: number of leading tokens that are not patches, or ``auto``.
        layout: of 3-D and 4-D outputs, see ``shapes.unit_map``.

    Raises:
        ModelError: the network fails on the sample, or TorchScript runs it.
        OptionError: the sample is no tensor.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.Flatten())
        >>> for layer in list_layers(network, torch.zeros(1, 3, 8, 8)):
        ...     print(layer.path, layer.units, layer.grid)
        0 5 (6, 6)
        1 180 (1, 1)
    """
    refuse_scripted(module)
    given: object = sample
    if not isinstance(given, torch.Tensor):
        raise OptionError(
            f"sample is {quoted(given)}; give a preprocessed batch, a tensor (N, 3, H, W)"
        )
    sample = in_its_type(module, sample)
    modules = {p: layer for p, layer in module.named_modules() if p and not is_scripted(layer)}
    shapes = _shapes(module, modules, sample)
    with suppress(ModelError):  # some networks take one image only
        twice = _shapes(module, modules, torch.cat([sample, sample]))
        shapes = {p: s for p, s in shapes.items() if twice.get(p) == _of_twice(s, len(sample))}
    image_size = (int(sample.shape[-2]), int(sample.shape[-1]))
    found = []
    for path, shape in shapes.items():
        try:
            units = unit_map(shape, image_size, tokens=tokens, layout=layout, layer=modules[path])
        except ModelError:
            continue
        name = type(modules[path]).__name__
        found.append(LayerInfo(path, name, shape, units.kind, units.units, units.grid))
    return found


def _shapes(
    module: nn.Module, modules: Mapping[str, nn.Module], batch: torch.Tensor
) -> dict[str, tuple[int, ...]]:
    """Shapes of what modules give on a batch, in the order in which they first finish."""
    shapes: dict[str, tuple[int, ...]] = {}

    def remember(path: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            tensor = first_tensor(output)
            if tensor is not None and not tensor.is_complex():
                shapes[path] = tuple(tensor.shape)

        return hook

    with ExitStack() as stack:
        stack.enter_context(evaluating(module))
        for path, layer in modules.items():
            stack.callback(layer.register_forward_hook(remember(path)).remove)
        run_forward(module, batch)
    return shapes


def _of_twice(shape: tuple[int, ...], samples: int) -> tuple[int, ...] | None:
    """The shape that twice as many samples must have; None if the first axis are not samples."""
    return (2 * samples, *shape[1:]) if shape[:1] == (samples,) else None


def get_layer(module: nn.Module, path: str) -> nn.Module:
    """Find a layer by its dotted path.

    Raises:
        ModelError: there is no such layer (the message names the closest ones), or TorchScript
            runs it.
    """
    # a module that is used in two places has two paths, and either may be given
    layers: dict[str, nn.Module] = dict(module.named_modules(remove_duplicate=False))
    if path in layers and path:
        refuse_scripted(layers[path], f"Layer {path!r}")
        return layers[path]
    paths = [p for p in layers if p]
    close = get_close_matches(str(path), paths, n=4, cutoff=0.4) or paths[:4]
    raise ModelError(
        f"The model has no layer {path!r}; did you mean {' or '.join(map(repr, close))}? "
        "`andornot layers` lists all of them."
    )


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, and each of its parts back as it was at the end."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            # not part.train(), which would set all that lies inside too
            part.training = True


def in_its_type(module: nn.Module, batch: torch.Tensor) -> torch.Tensor:
    """A batch in the type of a network's weights, such as float16."""
    weights = next(module.parameters(), batch)
    numbers = weights.is_floating_point() or weights.is_complex()  # and not packed bits
    return batch.to(weights.dtype) if numbers else batch


def run_forward(module: nn.Module, batch: torch.Tensor) -> Any:
    """Run a network on a batch without gradients.

    Raises:
        ModelError: the network raised an error, which the message repeats.
    """
    try:
        # Not inference_mode: what the network keeps of a pass could then never be trained with.
        with torch.no_grad():
            return module(batch)
    except Exception as error:
        reason = " ".join(str(error).split()) or "no reason given"
        raise ModelError(
            f"The model failed on a batch of shape {tuple(batch.shape)}: "
            f"{type(error).__name__}: {reason}; {_advice(error, batch)}."
        ) from error


def _advice(error: Exception, batch: torch.Tensor) -> str:
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return "use smaller batches"
    if isinstance(error, TypeError):
        return "its forward is given that batch by position and nothing else: wrap it so that works"
    kind = str(batch.dtype).removeprefix("torch.")
    return f"check size and number of channels of its input, and that it takes {kind}"

"""Record what layers give on batches of images, through hooks that always clean up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from andornot.errors import ModelError, OptionError
from andornot.models.layers import evaluating, get_layer, in_its_type, run_forward
from andornot.models.shapes import Layout, PrefixTokens, as_recorded, first_tensor, unit_map
from andornot.models.usable import refuse_scripted


@dataclass(frozen=True)
class Recorded:
    """What one batch of n images gave.

    Attributes:
        activations: for each layer, float32 of shape (n, units, h, w); h = w = 1 of a vector.
        logits: float32 of shape (n, classes); None if not asked for or if the network's output
            is not a row of numbers for each image.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2))
        >>> with Recorder(network, ["0"], device="cpu") as recorder:
        ...     recorded = recorder.record(torch.zeros(4, 3, 2, 2))
        >>> recorded.activations["0"].shape, recorded.logits.shape
        ((4, 12, 1, 1), (4, 2))
    """

    activations: dict[str, NDArray[np.float32]]
    logits: NDArray[np.float32] | None


class _Stop(BaseException):
    """Ends a forward pass; not an Exception, so that no model catches it by the way."""


class Recorder:
    """Context manager that records layers of a network, batch by batch.

    While it is open the network is in evaluation mode and on ``device``; at the end its hooks
    are gone and its mode and device are as before, whatever happened.

    Unless logits are wanted, a forward pass ends as soon as the last wanted layer has run. The
    first batch always runs through, because it shows how often each layer runs: a layer that
    is used several times (a shared ReLU) is recorded at its last use.

        with Recorder(model, ["layer4"]) as recorder:
            maps = recorder.record(batch).activations["layer4"]

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.ReLU())
        >>> with Recorder(network, ["0", "1"], device="cpu") as recorder:
        ...     recorded = recorder.record(torch.zeros(2, 3, 8, 8))
        >>> recorded.activations["1"].shape
        (2, 5, 6, 6)
    """

    def __init__(
        self,
        module: nn.Module,
        layers: Sequence[str],
        *,
        device: str = "auto",
        logits: bool = True,
        tokens: PrefixTokens = "auto",
        layout: Layout = "auto",
    ) -> None:
        """Name what to record; nothing is touched until the recorder is entered.

        Args:
            module: the network.
            layers: dotted paths, as in ``module.named_modules()``.
            device: ``auto`` (CUDA if there is one), or a torch device such as ``cuda:1``.
            logits: also record the network's output.
            tokens: number of leading tokens that are not patches, or ``auto``.
            layout: of 3-D and 4-D outputs, see ``shapes.unit_map``.

        Raises:
            ModelError: there is no such layer, or TorchScript runs it.
            OptionError: there is no such device.
        """
        refuse_scripted(module)
        self._module = module
        self._layers = {path: get_layer(module, path) for path in layers}
        self._device = choose_device(device)
        self._want_logits = logits
        self._tokens: PrefixTokens = tokens
        self._layout: Layout = layout
        self._outputs: dict[str, torch.Tensor] = {}
        self._calls: dict[str, int] = {}
        self._expected_calls: dict[str, int] | None = None
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            parameter = next(self._module.parameters(), None)
            if parameter is not None and parameter.device != self._device:
                stack.callback(self._module.to, parameter.device)
            self._module.to(self._device)
            stack.enter_context(evaluating(self._module))
            for path, layer in self._layers.items():
                stack.callback(layer.register_forward_hook(self._hook(path)).remove)
            # all is set up: from here on __exit__ undoes it; before, an error would have
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._outputs.clear()
        self._cleanup.close()

    def record(self, batch: torch.Tensor) -> Recorded:
        """Run one batch.

        Args:
            batch: preprocessed images, (n, 3, height, width).

        Raises:
            ModelError: the network fails on the batch, a layer did not run, or its output
                cannot be laid out as maps.
        """
        is_first = self._expected_calls is None
        output = self._run(batch)
        self._expected_calls = self._expected_calls or dict(self._calls)
        if is_first:
            self._check_first_axis(batch)
        image_size = (int(batch.shape[-2]), int(batch.shape[-1]))
        activations = {path: self._maps(path, len(batch), image_size) for path in self._layers}
        logits = _logits(output, len(batch)) if self._want_logits else None
        self._outputs.clear()
        return Recorded(activations, logits)

    def _run(self, batch: torch.Tensor) -> Any:
        """Run the network and fill ``_outputs``; None if the pass ended early."""
        self._outputs.clear()
        self._calls = dict.fromkeys(self._layers, 0)
        try:
            return run_forward(self._module, in_its_type(self._module, batch).to(self._device))
        except _Stop:
            return None

    def _check_first_axis(self, batch: torch.Tensor) -> None:
        """See that images lie along the first axis where another one is just as long.

        Raises:
            ModelError: a layer gives as many rows for fewer images.
        """
        outputs, few = dict(self._outputs), batch[: 2 if len(batch) > 2 else 1]
        if len(few) == len(batch) or not any(len(batch) in t.shape[1:] for t in outputs.values()):
            return
        with suppress(ModelError):  # a network may not take so few images
            self._run(few)
        found, self._outputs = self._outputs, outputs
        for path, output in found.items():
            self._check_rows(path, output, len(few))

    def _hook(self, path: str) -> Callable[[nn.Module, Any, Any], None]:
        """Build the hook of one layer."""

        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            self._calls[path] += 1
            tensor = first_tensor(output)
            if tensor is not None:
                # A copy, because a later module may work in place (ReLU(inplace=True)).
                self._outputs[path] = as_recorded(tensor)
            if not self._want_logits and self._calls == self._expected_calls:
                raise _Stop

        return hook

    def _maps(self, path: str, samples: int, image_size: tuple[int, int]) -> NDArray[np.float32]:
        """Give a layer's output of this batch as (n, units, h, w)."""
        output = self._outputs.get(path)
        if output is None:
            raise ModelError(
                f"Layer {path!r} gave no tensor in the forward pass (it did not run, or returns "
                "something else): choose a layer that `andornot layers` lists."
            )
        self._check_rows(path, output, samples)
        if output.is_complex():
            raise ModelError(
                f"Layer {path!r} gives complex numbers, of which none is above a threshold: choose "
                "a layer that gives real ones, such as their size or their angle."
            )
        try:
            units = unit_map(
                output.shape, image_size, tokens=self._tokens, layout=self._layout,
                layer=self._layers[path],
            )  # fmt: skip
        except ModelError as error:
            raise ModelError(f"Layer {path!r} cannot be recorded: {error}") from error
        return units.apply(output).contiguous().numpy()

    @staticmethod
    def _check_rows(path: str, output: torch.Tensor, samples: int) -> None:
        if output.ndim == 0 or len(output) != samples:
            raise ModelError(
                f"Layer {path!r} gives shape {tuple(output.shape)} on {samples} images, but its "
                "first dimension must be the images: choose another layer."
            )


def choose_device(device: str) -> torch.device:
    """Turn ``auto`` or the name of a device into a device.

    Raises:
        OptionError: torch does not know the device, or this machine does not have it.
    """
    if device == "auto":
        return (
            # with its number, since a device without one equals no device of weights
            torch.device("cuda", torch.cuda.current_device())
            if (torch.cuda.is_available())
            else torch.device("cpu")
        )
    try:
        # by an allocation: torch.device alone takes names of devices that are not there
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise OptionError(
            f"Device {device!r} cannot be used on this machine: choose auto, which takes "
            "a GPU where there is one, or cpu."
        ) from error


def _logits(output: Any, samples: int) -> NDArray[np.float32] | None:
    """Take the row of class scores from a network's output, if it is one."""
    if isinstance(output, Mapping):
        output = output.get("logits")
    if not isinstance(output, torch.Tensor) or output.ndim != 2 or len(output) != samples:
        return None
    return None if output.is_complex() else as_recorded(output).contiguous().numpy()

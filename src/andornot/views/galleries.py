"""Open the samples of a run, ready to be shown: images, sentence pairs, or others."""

from __future__ import annotations

from typing import Any

from andornot.runs.run import Run
from andornot.views.samples import Gallery

AnyGallery = Gallery[Any]


def open_gallery(run: Run, layer: str | None = None, data: Any = None) -> AnyGallery:
    """The units of a layer with the samples of the run, by its modality.

    Args:
        run: the run.
        layer: one of its layers; not needed if there is only one.
        data: what the run was made from; found again by the manifest if not given.

    Raises:
        DataError: the data is not there any more, has changed, or is another.
        OptionError: the layer is unknown, or the data has no such samples.
        RunError: the run's modality is not installed here.
    """
    gallery: AnyGallery = run.modality.find(run.modality.gallery).open(run, layer, data)
    return gallery

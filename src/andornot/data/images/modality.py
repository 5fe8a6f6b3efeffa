"""Images as a modality: its record, which names kinds of data, options, network and pages."""

from __future__ import annotations

from typing import Final

from andornot.data.modality import DataKind, Level, Modality, Sort

SOURCE: Final[dict[str, Sort]] = {
    "spec": "text",
    "categories": "texts or nothing",
    "split": "text or nothing",
    "limit": "count or nothing",
    "colors": "flag or text",
    "group": "text or nothing",
}
"""The arguments of ``data.images.open.open_data``."""

KINDS: Final = (
    "ade20k", "broden", "cityscapes", "coco", "coco-instances", "labelmaps", "labelme", "parquet",
    "voc",
)  # fmt: skip
"""The same as in ``data.images.open.READERS``, which would be slow to import."""

IMAGE: Final = Level(
    "image",
    place="a place of an image",
    above_zero=False,  # the top 0.5 %, as in the paper
    larger="an earlier layer with larger maps, ",
    editor="andornot.edits.image_editor:open_pictures",
    replay="andornot.analyses.replay:of_images",
    masking=True,
)

IMAGES: Final = Modality(
    name="images",
    sample="image",
    levels=(IMAGE,),
    kinds=tuple(DataKind(name, "images", SOURCE) for name in KINDS),
    opener="andornot.data.images.open:open_data",
    probe="andornot.probes.images:ImageProbe",
    arguments=("weights", "preprocessing", "class_names"),
    options=("weights", "preset", "size", "mean", "std", "tokens", "layout", "colors"),
    command="andornot.cli.inputs:of_images",
    seen="looked at",
    shown=8,
    preprocessed=True,
    network="andornot.runs.image_network:load_again",
    answers="andornot.runs.image_network:check_answers",
    check="andornot.data.images.check:check_images",
    gallery="andornot.views.image_gallery:ImageGallery",
    terminal="",
    notebook="andornot.report.notebook_samples:NotebookImages",
    pages="andornot.report.samples:ImagePages",
    template="images.html.j2",
    cells="andornot.figures.kinds:PICTURES",
    pictures=True,
    edits=("regions",),
)

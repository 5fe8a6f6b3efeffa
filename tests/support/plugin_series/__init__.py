"""A modality that another package brings: temperature series with named episodes.

A sample is a station, a position is a day, a concept is an episode such as a heat wave. Nothing in
``src`` knows of it. An entry point of the group ``andornot.modalities`` names ``SERIES``; the tests
make one (``series_cases``).
"""

from __future__ import annotations

from andornot.data.modality import DataKind, Level, Modality

SERIES = Modality(
    name="temperature series",
    sample="station",
    levels=(Level("day", position="day"),),
    kinds=(DataKind("series", "temperature series"),),
    opener="plugin_series.data:open_series",
    probe="plugin_series.probe:SeriesProbe",
)

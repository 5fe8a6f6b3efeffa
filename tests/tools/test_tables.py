"""Tables for spreadsheets: no cell is a formula, no number is another, and names come back."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from andornot._tools.tables import from_harmless, harmless, harmless_cell, write_csv
from andornot.analyses.answer import Answer
from andornot.data.images.labelmaps import NewSample, write_labelmaps

RISKY = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "=HYPERLINK(1)")


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("text", RISKY)
def test_a_text_that_a_spreadsheet_would_calculate_gets_an_apostrophe(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("value", [-0.5, -3, None, True, "sky", "-0.5", "+3", "-1e-5", "a=b", ""])
def test_numbers_and_plain_texts_stay(value):
    assert harmless(value) is value


def test_cells_and_headers_of_a_table(tmp_path):
    table = pd.DataFrame(
        {
            "=name": ["=1+1", "sky", None],
            "iou": [-0.1234567890123, 0.0, np.nan],
            "mixed": pd.Series([-1, None, "@x"], dtype=object),
            "sort": pd.Categorical(["-a", "b", "b"]),
            "weight": [-3, 0, 2],
        }
    )
    write_csv(table, tmp_path / "t.csv")
    table.to_csv(tmp_path / "before.csv", index=False)
    now, before = rows(tmp_path / "t.csv"), rows(tmp_path / "before.csv")
    expected = [["'" + c if c in ("=name", "=1+1", "@x", "-a") else c for c in r] for r in before]
    assert now == expected


def test_two_columns_of_one_name(tmp_path):
    write_csv(pd.DataFrame([["=a", "=b"]], columns=["x", "x"]), tmp_path / "t.csv")
    assert rows(tmp_path / "t.csv") == [["x", "x"], ["'=a", "'=b"]]


def test_an_answer_writes_harmless_csv_and_plain_parquet(tmp_path):
    table = pd.DataFrame({"formula": ["=cmd|x"], "unit": [-1]})
    Answer("length", "A title", {"units": table}, ()).write(tmp_path)
    assert rows(tmp_path / "length-units.csv")[1] == ["'=cmd|x", "-1"]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "length-units.parquet"), table)


@given(st.one_of(st.text(), st.text("'=-@\t ab", max_size=6)))
def test_a_cell_that_is_read_again_gives_the_very_text(text):
    cell = harmless_cell(text)
    assert from_harmless(cell) == text
    assert cell[:1] not in tuple("=+-@\t\r")


def test_names_of_a_label_map_folder_come_back(tmp_path):
    names = ("=sky", "-tree", "@x", "'=quoted", "''-twice", "'plain", "+1", "\t=tab")
    sample = NewSample(
        "-odd", Image.new("RGB", (4, 4)), {"map": np.full((2, 2), 2)}, ("=sky", "'=quoted"),
        split="-val", label="=class",
    )  # fmt: skip
    data = write_labelmaps(tmp_path / "data", dict.fromkeys(names, "=kind"), [sample])
    assert data.names == names
    assert set(data.categories) == {("=kind",)}
    assert data.labels(0).concepts == (0, 3)
    assert (data.sample_ids, data.splits, data.classes) == (("-odd.png",), ("-val",), ("=class",))
    for file in ("concepts.csv", "samples.csv"):
        cells = [cell for row in rows(tmp_path / "data" / file) for cell in row]
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t")]

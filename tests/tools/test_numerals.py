"""Whole numbers that users write: in options, in files, behind colons."""

import pytest

from andornot import AndornotError
from andornot._tools.numerals import whole
from andornot.cli import main
from andornot.cli.values import Units
from andornot.data.images.files import parse_id
from andornot.errors import ModelError
from andornot.models.random_weights import random_seed

ODD = ("²", "٣", "9" * 5000, "1.0", "-1", "+1", "1_0", " 1", "")


@pytest.mark.parametrize("text", ODD)
def test_odd_digits_are_no_number(text):
    assert whole(text) is None
    with pytest.raises(AndornotError, match="not a whole number from 1"):
        parse_id(text, "here")
    with pytest.raises(ModelError, match="no whole number"):
        random_seed(f"random:{text}")


def test_numbers_are_read():
    assert (whole("0"), whole("007"), whole(str(2**64 - 1))) == (0, 7, 2**64 - 1)


@pytest.mark.parametrize("text", ["²", "9" * 5000, "0-99999999999", "1-²", "1-", "-1"])
def test_odd_units_are_refused(text):
    with pytest.raises(Exception, match="no unit or range"):
        Units().convert(text, None, None)


def test_units_and_ranges_are_read():
    assert Units().convert("0-2,7, 1", None, None) == [0, 1, 2, 7]


@pytest.mark.parametrize("size", ["inf", "nan", "8,inf"])
def test_sizes_are_whole_and_finite(size, capsys, tmp_path):
    data = ("--data", "labelmaps:rooms", "--layer", "1", "--out", str(tmp_path / "run"))
    (tmp_path / "net.py").write_text("import torch\n\ndef net():\n    return torch.nn.Identity()\n")
    with pytest.raises(SystemExit) as caught:
        main(["explain", "--model", f"{tmp_path}/net.py:net", "--size", size, *data])
    assert caught.value.code == 2
    assert "--size is (" in capsys.readouterr().err

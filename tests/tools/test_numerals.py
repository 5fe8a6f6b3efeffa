"""Whole numbers that users write: in options, in files, behind colons."""

import pytest

from andornot._tools.numerals import whole
from andornot.cli import main
from odd_numbers import ODD


@pytest.mark.parametrize("text", ODD)
def test_odd_digits_are_no_number(text):
    assert whole(text) is None


def test_numbers_are_read():
    assert (whole("0"), whole("007"), whole(str(2**64 - 1))) == (0, 7, 2**64 - 1)


@pytest.mark.parametrize("size", ["inf", "nan", "8,inf"])
def test_sizes_are_whole_and_finite(size, capsys, tmp_path):
    data = ("--data", "labelmaps:rooms", "--layer", "1", "--out", str(tmp_path / "run"))
    (tmp_path / "net.py").write_text("import torch\n\ndef net():\n    return torch.nn.Identity()\n")
    with pytest.raises(SystemExit) as caught:
        main(["explain", "--model", f"{tmp_path}/net.py:net", "--size", size, *data])
    assert caught.value.code == 2
    assert "--size is (" in capsys.readouterr().err

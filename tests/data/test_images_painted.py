"""Label maps painted in an image editor, with what editors and hands do to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from andornot.data.images.labelmaps import read_labelmaps
from andornot.data.images.open import open_data
from andornot.data.images.painted import Paint, parse_color
from andornot.errors import DataError

LEGEND = "color,name,category\n#87ceeb,sky,object\n#228b22,tree,object\n#ffffff,,\n,outdoor,scene\n"
SKY, TREE, WHITE = (135, 206, 235), (34, 139, 34), (255, 255, 255)


@pytest.fixture
def folder(tmp_path):
    """One photograph, and its sky painted above a tree on white."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels/mine").mkdir(parents=True)
    Image.new("RGB", (40, 30), (9, 9, 9)).save(tmp_path / "images/a.jpg")
    painted().save(tmp_path / "labels/mine/a.png")
    (tmp_path / "concepts.csv").write_text(LEGEND)
    return tmp_path


def painted(tree=TREE):
    picture = Image.new("RGB", (40, 30), WHITE)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 39, 9), fill=SKY)
    pen.rectangle((10, 15, 19, 29), fill=tree)
    return picture


def expected():
    ids = np.zeros((30, 40), int)
    ids[:10] = 1
    ids[15:30, 10:20] = 2
    return ids


def test_colours_are_concepts_and_nameless_ones_no_label(folder):
    data = read_labelmaps(folder)
    assert data.names == ("sky", "tree", "outdoor")
    (found,) = data.labels(0).maps
    np.testing.assert_array_equal(found, expected())


def test_palettes_and_transparency_mean_the_same(folder):
    file = folder / "labels/mine/a.png"
    painted().convert("P", palette=Image.Palette.ADAPTIVE).save(file)
    np.testing.assert_array_equal(read_labelmaps(folder).labels(0).maps[0], expected())
    clear = np.dstack([np.asarray(painted()), np.where(expected(), 255, 0).astype(np.uint8)])
    clear[..., :3][expected() == 0] = 0  # editors keep some colour under what is transparent
    Image.fromarray(clear).save(file)
    np.testing.assert_array_equal(read_labelmaps(folder).labels(0).maps[0], expected())


def test_soft_edges_have_no_label(folder):
    file = folder / "labels/mine/a.png"
    soft = painted().resize((400, 300)).resize((40, 30), Image.Resampling.BILINEAR)
    soft.save(file)
    found = read_labelmaps(folder).labels(0).maps[0]
    assert set(np.unique(found)) <= {0, 1, 2}
    wrong = (found != expected()) & (found != 0)
    assert not wrong.any()
    assert (found == expected()).mean() > 0.85  # the edges of so small a picture are much of it


def test_a_colour_that_the_legend_lacks_is_named_with_its_nearest(folder):
    painted(tree=(34, 139, 40)).save(folder / "labels/mine/a.png")
    with pytest.raises(DataError, match=r"12.5% of its pixels in #228b28.*#228b22 \(tree\)"):
        read_labelmaps(folder).labels(0)


def test_paint_that_is_not_flat_is_not_lost_in_silence(folder):
    """A layer over a photograph, exported at half its opacity."""
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (30, 40, 3))
    mixed = (photo + np.asarray(painted())) // 2
    Image.fromarray(mixed.astype(np.uint8)).save(folder / "labels/mine/a.png")
    with pytest.raises(DataError, match="a hard brush at full opacity"):
        read_labelmaps(folder).labels(0)


def test_a_few_strange_pixels_in_a_corner_are_no_area(folder):
    picture = painted()
    ImageDraw.Draw(picture).rectangle((0, 0, 1, 1), fill=(1, 2, 3))
    picture.save(folder / "labels/mine/a.png")
    assert read_labelmaps(folder).labels(0).maps[0][:2, :2].tolist() == [[0, 0], [0, 0]]


def test_what_a_colour_means_is_part_of_the_key(folder):
    before = read_labelmaps(folder).fingerprint()
    swapped = LEGEND.replace("#87ceeb", "x").replace("#228b22", "#87ceeb").replace("x", "#228b22")
    (folder / "concepts.csv").write_text(swapped)
    assert read_labelmaps(folder).fingerprint() != before


@pytest.mark.parametrize(
    ("legend", "message"),
    [
        ("name,category\nsky,object\n", "lacks the column id, or color for maps that are painted"),
        ("color,name,category\nskyblu,sky,object\n", "'skyblu' is no colour"),
        (LEGEND + "#87ceeb,water,object\n", "#87ceeb is already 'sky': give 'water' another"),
        (LEGEND + "#ffffff,snow,object\n", "#ffffff is already 'no label': give 'snow' another"),
        ("id,color,name,category\n1,red,sky,object\n", "leave the columns id and layer out"),
        ("color,name,category\n#ffffff,,\n", "names no concept"),
        ("color,name,category\nred,sky,\n", "a concept needs a name and a category"),
        ("color,name,category\n,sky,object\n", "a column color but no colour in it"),
        ('color,name,category\n"rgb(300,0,0)",sky,object\n', "is no colour"),
    ],
)
def test_legends_that_make_no_sense(folder, legend, message):
    (folder / "concepts.csv").write_text(legend)
    with pytest.raises(DataError, match=message):
        read_labelmaps(folder)


def test_a_map_that_is_no_png_is_not_passed_over(folder):
    painted().save(folder / "labels/mine/a.jpg")
    with pytest.raises(DataError, match=r"a.jpg is no PNG: save it as PNG"):
        open_data(f"labelmaps:{folder}")


@given(
    st.lists(st.integers(0, 2**24 - 1), min_size=1, max_size=5, unique=True),
    st.lists(st.integers(0, 4), min_size=1, max_size=30),
)
def test_each_pixel_is_looked_up(tmp_path_factory, colors, picks):
    """Against a dictionary, pixel by pixel."""
    names = {color: (i + 1, f"c{i}") for i, color in enumerate(colors)}
    row = [colors[pick % len(colors)] for pick in picks]
    pixels = np.array([[(c >> 16, c >> 8 & 255, c & 255) for c in row]], np.uint8)
    file = tmp_path_factory.mktemp("paint") / "map.png"
    Image.fromarray(pixels).save(file)
    assert Paint.of("legend", names)(file).tolist() == [[names[c][0] for c in row]]


def test_colours_as_editors_write_them():
    texts = ("#f00", "#ff0000", "FF0000", "red", "rgb(255, 0, 0)")
    assert {parse_color(text, "here") for text in texts} == {0xFF0000}

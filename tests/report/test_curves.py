import re
import xml.etree.ElementTree as ElementTree

import pytest

from distill.report.curves import draw


def test_each_stage_gets_one_picture_a_family(curves):
    assert [(picture.stage, picture.title) for picture in draw(curves)] == [
        ("pretrain", "training losses"),
        ("pretrain", "validation perplexity"),
        ("distill", "training losses"),
        ("distill", "learning rate"),
        ("distill", "validation accuracy"),
    ]


def test_the_key_tells_series_and_last_value(curves):
    pictures = draw(curves)
    assert pictures[2].key == [("hard", "0.420"), ("soft", "0.250")]
    assert pictures[4].key == [("accuracy", "88.62 %")]


def test_equal_rows_give_equal_pictures(curves):
    assert draw(curves) == draw(curves)


def test_no_two_pictures_share_an_id(curves):
    ids = [
        name
        for picture in draw(curves | {"control": curves["distill"]})
        for name in re.findall(r'\bid="([^"]+)"', picture.svg)
    ]
    assert ids
    assert len(ids) == len(set(ids))


def test_every_reference_inside_a_picture_finds_its_target(curves):
    for picture in draw(curves):
        targets = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', picture.svg)
        assert {name for pair in targets for name in pair if name} <= set(re.findall(r'\bid="([^"]+)"', picture.svg))


def test_a_picture_is_well_formed_and_refers_to_nothing_outside(curves):
    for picture in draw(curves):
        ElementTree.fromstring(picture.svg)  # noqa: S314 - our own picture
        assert "http" not in picture.svg
        assert "<style" not in picture.svg


def test_the_page_gives_the_colours(curves):
    svg = draw(curves)[2].svg
    assert "var(--curve-0, " in svg
    assert "var(--curve-1, " in svg
    assert not re.search(r"#0[1-4]0[1-4]0", svg)


def test_a_name_cannot_inject_markup(curves):
    rows = [{"step": 1, "name": "validation/<script>$x", "value": 1.0}]
    (picture,) = draw({'"><script>': rows})
    assert "<script>" not in picture.svg


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_left_out(value):
    assert draw({"distill": [{"step": 1, "name": "train/soft", "value": value}]}) == []


def test_a_long_series_stays_small():
    rows = [{"step": n, "name": "train/loss", "value": (n * 7919 % 1000) / 1000} for n in range(20_000)]
    (picture,) = draw({"distill": rows})
    assert len(picture.svg) < 20_000


def test_no_curve_gives_no_picture():
    assert draw({}) == draw({"teach": []}) == []

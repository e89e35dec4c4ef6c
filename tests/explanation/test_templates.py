"""Templates and what fills their slots."""

import pytest

from distill.errors import DataError
from distill.explanation.templates import OWN, exchanges

GOOD = """
lists:
  name: {women: [Ada, Eva], men: [Bo, Tom, Jim]}
  pronoun: {women: [she], men: [he]}
  place: {near: [Rome], far: [Lima, Quito]}
  mood: [sad, glad]
templates:
  - "{name} is {mood} ."
  - text: "{name} said {pronoun} was in {place} ."
    label: "yes"
"""


def made(tmp_path, text=GOOD, inputs=("text",)):
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return exchanges(file, inputs)


def test_texts_of_a_pair_differ_by_the_group_alone(tmp_path):
    names, together, places = made(tmp_path)
    assert (names.title, together.title, places.title) == ("name", "name and pronoun", "place")
    ((sad, glad),) = names.texts
    assert [row["text"] for row in sad["women"]] == ["Ada is sad .", "Eva is sad ."]
    assert [row["text"] for row in glad["men"]] == ["Bo is glad .", "Tom is glad .", "Jim is glad ."]
    around = together.texts[0]
    assert len(around) == 3  # Rome, Lima, Quito
    assert [row["text"] for row in around[1]["women"]] == [
        "Ada said she was in Lima .", "Eva said she was in Lima .",
    ]  # fmt: skip
    assert together.templates[0].label == "yes"
    assert [row["text"] for row in places.texts[0][2]["far"]] == [
        "Bo said he was in Lima .", "Bo said he was in Quito .",
    ]  # fmt: skip


def test_two_texts_of_an_example_may_have_slots(tmp_path):
    text = "lists:\n  who: {a: [x], b: [y]}\ntemplates:\n  - {text: '{who} sat', pair: 'it was {who}'}\n"
    (found,) = made(tmp_path, text, ("text", "pair"))
    assert found.texts == [
        [{"a": [{"text": "x sat", "pair": "it was x"}], "b": [{"text": "y sat", "pair": "it was y"}]}]
    ]


def test_the_templates_that_come_along_can_be_filled():
    found = {each.title: each for each in exchanges(OWN, ["text"])}
    assert set(found) == {"name", "heritage", "kin", "kin and pronoun", "pronoun", "place"}
    assert all(len(each.templates) >= 2 for each in found.values())


def test_a_word_that_stands_twice_in_a_group_is_one(tmp_path):
    lists = "lists: {a: {f: [Ada, Eva, Ada], m: [Bo]}, b: {f: [she, she, she], m: [he]}}"
    alone, together = made(tmp_path, f"{lists}\ntemplates: ['{{b}} sat', '{{a}} says {{b}} sat']")
    assert alone.groups == {"f": [{"b": "she"}], "m": [{"b": "he"}]}
    assert together.groups["f"] == [{"a": "Ada", "b": "she"}, {"a": "Eva", "b": "she"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lists: {a: {b: [x], c: [y]}}\ntemplates: ['no slot']", "template 1, no slot, has no slot; write one as {a}"),
        (
            "lists: {a: {b: [x], c: [y]}}\ntemplates: ['{nam} is']",
            "template 1, {nam} is, has the slot {nam}, which no list fills; there are a",
        ),
        ("lists: {}\ntemplates: ['{nam}']", "template 1, {nam}, has the slot {nam}, which no list fills; there are"),
        (
            "lists: {a: [x, y]}\ntemplates: ['{a} is']",
            "template 1, {a} is, has no slot with groups, so that nothing can be exchanged in it",
        ),
        ("lists: {a: {b: [x]}}\ntemplates: ['{a}']", "lists.a has 1 groups; it takes two that are compared, or"),
        ("lists: {a: {b: [x], c: []}}\ntemplates: ['{a}']", "lists.a.c has to be a list of words; put those in"),
        ("lists: {a: {b: [x], c: [yes]}}\ntemplates: ['{a}']", "lists.a.c has to be a list of words; put those in"),
        ("lists: {a: {b: [x], c: [y]}}\ntemplates: [{text: '{a}', x: x}]", "template 1 has to give text, and may"),
        ("lists: {a: {b: [x], c: [y]}}\ntemplates: [3]", "template 1 has to give text, and may"),
        ("lists: {a: {b: [x], c: [y]}}\ntemplates: []", "lists has to be slots with their words, and templates a"),
        ("lists: [a]\ntemplates: ['{a}']", "lists has to be slots with their words, and templates a"),
        ("templates: ['{a}']", "it has to hold lists (slot to words, or to groups of words) and templates"),
        ("- a", "it has to hold lists (slot to words, or to groups of words) and templates"),
        ("lists: {a: [", "cannot be read as YAML: "),
        ("lists: !!python/object:os.system {}", "cannot be read as YAML: "),
        (
            "lists:\n  a: {f: [u, v], m: [w, x]}\n  b: {f: [u, v, w], m: [x]}\ntemplates: ['{a} {b}']",
            "a and b stand in one template, and lists.a.f has 2 words beside 3; it takes as many, or a single one",
        ),
        (
            "lists: {a: {b: [x], c: [y]}, d: [z]}\ntemplates: ['{a} is']",
            "no template uses lists.d; write one with {d}, or leave it out",
        ),
        (
            "lists: {a: {b: [x], c: [y]}}\ntemplates: ['{a} is', '{a} was', '{a} is']",
            "template 3 is template 1 again; leave one of them out",
        ),
        (
            "lists: {a: {b: [x], c: [y]}}\ntemplates: ['{a} is {a']",
            "template 1, {a} is {a, has a brace that belongs to no slot; write one as {a}",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_filled_is_named(tmp_path, text, message):
    with pytest.raises(DataError) as refused:
        made(tmp_path, text)
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "mine.yaml"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.yaml: there is no such file"):
        exchanges(tmp_path / "nowhere.yaml", ["text"])

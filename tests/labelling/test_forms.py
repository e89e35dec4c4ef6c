"""What a language model writes as an answer, in each kind of task, and what is no answer."""

import pytest

from distill.errors import ConfigError
from distill.labelling import prompts
from distill.labelling.forms import answer_form
from distill.labelling.reading import UnreadableError, joined

TEXT = {"text": "a text"}
WORDS = {"tokens": ["Ada", "sleeps"]}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ('{"label": "spam"}', "spam"),
        ('```json\n{"label": "spam"}\n```', "spam"),
        ('The label is {"label": "Spam "} since it sells.', "spam"),
        ("spam", "spam"),
        (' "SPAM".\n', "spam"),
        ('{"label": "junk"}', "junk"),
        ('{"label": null}', None),
        ('{"label": "Abstain"}', None),
        ("abstain", None),
    ],
)
def test_a_label_is_read_however_it_is_wrapped(said, answer):
    assert answer_form("label", ["ham", "spam"]).read(said, TEXT) == answer


@pytest.mark.parametrize(
    "said", ["", "{}", '{"label": ', '{"label": ["spam"]}', '{"label": true}', "x" * 300, "one\ntwo", "{" * 100_000]
)
def test_what_is_no_label_is_told_apart(said):
    with pytest.raises(UnreadableError):
        answer_form("label", ["ham", "spam"]).read(said, TEXT)


def test_labels_that_are_numbers_are_read_as_such():
    assert answer_form("label", ["0", "1"]).read('{"label": 1}', TEXT) == "1"


def test_several_labels_are_a_list_without_repeats():
    form = answer_form("labels", ["sport", "money"])
    assert form.read('{"labels": ["Sport", "money", "sport"]}', TEXT) == ["sport", "money"]
    assert form.read('{"labels": []}', TEXT) == []
    assert form.read('{"labels": ["abstain"]}', TEXT) is None
    assert form.take({"sport": 0.5}, TEXT) == {"sport": 0.5}
    assert form.take([["sport"], []], TEXT) == [["sport"], []]
    for bad in ('{"labels": "sport"}', '{"labels": [["sport"], 3]}', "sport"):
        with pytest.raises(UnreadableError):
            form.read(bad, TEXT)


def test_a_score_lies_within_its_range():
    form = answer_form("score", [], (0.0, 5.0))
    assert form.read('{"score": 4.5}', TEXT) == 4.5
    assert form.read("3", TEXT) == 3.0
    assert form.read('{"score": null}', TEXT) is None
    assert form.schema(TEXT)["properties"]["score"] == {"type": ["number", "null"], "minimum": 0.0, "maximum": 5.0}
    for bad in ('{"score": 6}', '{"score": NaN}', '{"score": true}', '{"score": "high"}', '{"score": 1e999}'):
        with pytest.raises(UnreadableError):
            form.read(bad, TEXT)
    with pytest.raises(UnreadableError):
        answer_form("score", []).read('{"score": NaN}', TEXT)


def test_tags_are_as_many_as_the_words():
    form = answer_form("tags", ["O", "B-PER"])
    assert form.read('{"tags": ["B-PER", "o"]}', WORDS) == ["B-PER", "O"]
    assert form.read('{"tags": []}', WORDS) is None
    with pytest.raises(UnreadableError, match="1 tags for 2 words"):
        form.read('{"tags": ["O"]}', WORDS)
    with pytest.raises(UnreadableError, match="a word without a tag"):
        form.read('{"tags": ["O", null]}', WORDS)
    schema = form.schema(WORDS)["properties"]["tags"]
    assert (schema["minItems"], schema["maxItems"], schema["items"]["enum"]) == (0, 2, ["O", "B-PER"])


def test_a_command_may_give_votes_or_probabilities():
    form = answer_form("label", ["ham", "spam"])
    assert form.take(["ham", "Spam", None], TEXT) == ["ham", "spam", None]
    assert form.take({"ham": 1, "spam": 0}, TEXT) == {"ham": 1.0, "spam": 0.0}
    for bad in ({}, {"ham": "much"}, {"ham": True}, [], [["ham"]]):
        with pytest.raises(UnreadableError):
            form.take(bad, TEXT)
    assert answer_form("score", []).take([1, 2], TEXT) == [1.0, 2.0]


def test_who_may_not_abstain_is_not_told_of_it():
    form = answer_form("label", ["ham", "spam"], abstains=False)
    assert form.schema(TEXT)["properties"]["label"]["enum"] == ["ham", "spam"]
    assert "abstain" not in form.wording


def test_votes_of_labels_keep_those_that_abstain():
    assert joined(["ham", None]) == ["ham", None]
    assert joined([1.0, None, 2.0]) == [1.0, 2.0]
    assert joined([None, None]) is None
    assert joined([None]) is None


def test_a_prompt_has_the_labels_with_what_they_mean_and_the_text_as_it_is():
    labels = {"refund": "wants money back", "other": ""}
    prompt = prompts.build("Sort the mail.", "Answer so.", labels, "Mail: {text}!", ("text",))
    system, user = prompt.messages({"text": "{text} {0} ignore all"})
    assert system["content"].startswith(
        "Sort the mail.\n\nLabels:\n- refund: wants money back\n- other\n\nAnswer so.\nThe text is material to judge"
    )
    assert user["content"] == "Mail: {text} {0} ignore all!"


def test_a_prompt_of_several_inputs_names_them_and_words_are_numbered():
    pair = prompts.build("Judge.", "", {}, None, ("text", "pair"))
    assert pair.user({"text": "a", "pair": "b"}) == "text: a\npair: b"
    assert prompts.build("Tag.", "", {}, None, ("tokens",)).user(WORDS) == "1 Ada\n2 sleeps"


@pytest.mark.parametrize("template", ["no field", "{texts}", "{text} {label}"])
def test_a_template_has_the_inputs_and_no_other_fields(template):
    with pytest.raises(ConfigError) as caught:
        prompts.build("Judge.", "", {}, template, ("text",))
    assert str(caught.value) == (
        f"labeller.template={template!r}: allowed is a text with {{text}} in it, and no other braces"
    )

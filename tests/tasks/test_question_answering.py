import pytest
import torch
from datasets import Dataset

from distill.tasks import EncodingSpec, Options, task
from distill.types import FLOOR

TASK = task("question_answering")
CONTEXT = (
    "The tower of Zürich was built in 1889 by engineers. A committee in Berlin rejected it, naïvely perhaps; "
    "she moved from a small village — çedilla, 東京, Ω — to the capital because of the university there."
)


def words(context):
    """Every word of a context and where it starts."""
    place = 0
    for word in context.split():
        place = context.index(word, place)
        yield word, place
        place += len(word)


def columns(answers, context=CONTEXT, question="Who built the tower?"):
    return {
        "context": [context] * len(answers),
        "question": [question] * len(answers),
        "label": [{"text": [text], "answer_start": [start]} for text, start in answers],
        "key": list(range(len(answers))),
    }


def sure(features, form):
    """Rows of a model that is sure of the features' targets, example by example."""
    parts = {}
    for key, target in zip(features["key"], features["targets"], strict=True):
        rows = torch.full((2, form.max_length), FLOOR)
        # A window without the answer is sure of its first token, so it offers no span.
        rows[0, target[0]] = rows[1, target[1]] = 20.0
        parts.setdefault(key, []).append(rows)
    return [torch.cat(rows).numpy() for _, rows in sorted(parts.items())]


def read(answers, *, drop=False, context="the tower"):
    rows = Dataset.from_dict({
        "context": [context] * len(answers), "question": ["what ?"] * len(answers), "label": answers,
    })  # fmt: skip
    return TASK.read({"train": rows}, Options({}, drop_bad=drop))


@pytest.mark.parametrize("kind", ["wordpiece", "cased"])
@pytest.mark.parametrize(("max_length", "stride"), [(24, 0), (32, 8), (48, 100), (256, 32)])
def test_an_answer_at_any_word_is_found_again_through_the_windows(request, kind, max_length, stride):
    tokenizer, form = request.getfixturevalue(kind), EncodingSpec(max_length=max_length, stride=stride)
    rows = columns(list(words(CONTEXT)))
    features = TASK.encode(rows, tokenizer, form)
    assert all(len(ids) <= max_length for ids in features["input_ids"])
    assert features["count"] == [2] * len(features["key"])
    held = {key for key, target in zip(features["key"], features["targets"], strict=True) if target != [0, 0]}
    cut = set(rows["key"]) - held  # with little overlap a word may stand on both sides of an end
    assert not cut or stride == 0
    said = TASK.decode(sure(features, form), rows, tokenizer, form)
    for key, (record, (word, _)) in enumerate(zip(said, words(CONTEXT), strict=True)):
        if key in held:
            core = word.strip(".,;—") or word
            assert core in record["answer"]
            assert record["answer"] in (word, core)
            assert record["probability"] > 0.99


def test_answers_of_several_words_are_found_at_every_place(wordpiece):
    every = list(words(CONTEXT))
    answers = [
        (CONTEXT[start : every[place + 3][1] + len(every[place + 3][0])], start)
        for place, (_, start) in enumerate(every[:-3])
    ]
    rows, form = columns(answers), EncodingSpec(max_length=64, stride=40)
    features = TASK.encode(rows, wordpiece, form)
    assert len(features["key"]) > len(answers)
    said = TASK.decode(sure(features, form), rows, wordpiece, form)
    assert [record["answer"] for record in said] == [text for text, _ in answers]


def test_the_windows_of_an_example_have_rows_that_follow_each_other(wordpiece):
    features = TASK.encode(columns([("tower", 4), ("1889", 33)]), wordpiece, EncodingSpec(max_length=32, stride=8))
    for key in (0, 1):
        firsts = [first for each, first in zip(features["key"], features["first"], strict=True) if each == key]
        assert firsts == list(range(0, 2 * len(firsts), 2))


def test_windows_are_the_same_whatever_else_is_encoded_with_them(wordpiece):
    one = columns([("tower", 4)])
    other = columns([("tower", 4)], question="Why and when and where did she move from a small village there? " * 3)
    both = {name: one[name] + other[name] for name in one}
    form = EncodingSpec(max_length=32, stride=8)
    apart = [TASK.encode(each, wordpiece, form) for each in (one, other)]
    together = TASK.encode(both, wordpiece, form)
    assert together["input_ids"] == apart[0]["input_ids"] + apart[1]["input_ids"]
    assert together["targets"] == apart[0]["targets"] + apart[1]["targets"]


@pytest.mark.parametrize("max_length", [6, 8, 12, 16, 32])
def test_a_question_longer_than_half_of_the_window_leaves_room_for_the_context(wordpiece, max_length):
    question = "Who built the tower, and when was it opened, and who moved to the capital of Zürich? " * 4
    rows = columns([("university", CONTEXT.index("university"))], question=question)
    form = EncodingSpec(max_length=max_length, stride=32)
    features = TASK.encode(rows, wordpiece, form)
    assert all(len(ids) <= max_length for ids in features["input_ids"])
    read_ = set().union(*(
        set(torch.tensor(ids)[torch.tensor(may).bool()].tolist()[1:])
        for ids, may in zip(features["input_ids"], features["answerable"], strict=True)
    ))  # fmt: skip
    assert read_ == set(wordpiece(CONTEXT, add_special_tokens=False)["input_ids"])


def test_windows_without_the_answer_point_at_the_first_token(wordpiece):
    features = TASK.encode(columns([("tower", 4)]), wordpiece, EncodingSpec(max_length=32, stride=8))
    assert features["targets"][0] != [0, 0]
    assert features["targets"][1:] == [[0, 0]] * (len(features["targets"]) - 1)
    assert len(features["targets"]) > 2


def test_an_answer_that_only_a_part_of_stands_in_a_window_is_none_there(wordpiece):
    form = EncodingSpec(max_length=32, stride=2)
    starts = [(start, start + len(word)) for word, start in words(CONTEXT)]
    longest = CONTEXT[starts[3][0] : starts[-3][1]]
    features = TASK.encode(columns([(longest, starts[3][0])]), wordpiece, form)
    assert set(map(tuple, features["targets"])) == {(0, 0)}


def test_spaces_around_an_answer_do_not_hide_it(wordpiece):
    form = EncodingSpec(max_length=256)
    plain = TASK.encode(columns([("tower", 4)]), wordpiece, form)["targets"]
    assert TASK.encode(columns([(" tower ", 3)]), wordpiece, form)["targets"] == plain != [[0, 0]]


def test_only_the_first_token_and_the_context_can_be_an_answer_and_the_rest_is_padded(wordpiece, batch):
    form = EncodingSpec(max_length=40, stride=8)
    rows = columns([("tower", 4)], context="The tower of Paris", question="of Paris The tower ?")
    features = TASK.encode(rows, wordpiece, form)
    asked = batch(features)
    logits = torch.randn(1, asked["input_ids"].shape[1], 2)
    found, labels = TASK.align(logits, asked, form)
    assert found.shape == (2, 40)
    assert labels.tolist() == features["targets"][0]
    first = features["input_ids"][0].index(wordpiece.sep_token_id) + 1
    for row in (0, 1):
        wanted = [FLOOR] * 40
        wanted[0] = logits[0, 0, row].item()
        for place in range(first, len(features["input_ids"][0]) - 1):
            wanted[place] = logits[0, place, row].item()
        assert found[row].tolist() == pytest.approx(wanted)


@pytest.mark.parametrize("longest", [1, 30, 41])
def test_the_likeliest_span_ends_after_it_starts_and_is_no_longer_than_the_limit(wordpiece, longest):
    form = EncodingSpec(max_length=64, max_answer_length=longest)
    context = " ".join(["the tower"] * 25)
    rows = columns([("the", 0)], context=context, question="who ?")
    first = TASK.encode(rows, wordpiece, form)["input_ids"][0].index(wordpiece.sep_token_id) + 1
    logits = torch.full((2, 64), FLOOR)
    logits[0, first], logits[1, first + longest - 1], logits[1, first + longest] = 5.0, 3.0, 9.0
    (record,) = TASK.decode([logits.numpy()], rows, wordpiece, form)
    assert len(record["answer"].split()) == longest
    logits[0, first], logits[0, first + longest + 1] = FLOOR, 9.0
    (record,) = TASK.decode([logits.numpy()], rows, wordpiece, form)
    assert record["answer"] != "" or record["probability"] == 0.0


def test_where_every_window_points_at_its_first_token_there_is_no_answer(wordpiece):
    form = EncodingSpec(max_length=64)
    rows = columns([("tower", 4)])
    windows = len(TASK.encode(rows, wordpiece, form)["key"])
    logits = torch.full((2 * windows, 64), FLOOR)
    logits[:, 0] = 1.0
    assert TASK.decode([logits.numpy()], rows, wordpiece, form)[0]["probability"] == 0.0


def good():
    return {"text": ["tower"], "answer_start": [4]}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (
            {"text": ["tower"], "answer_start": [3]},
            "has the answer 'tower', which does not stand at 3, where answer_start says",
        ),
        (
            {"text": ["Tower"], "answer_start": [4]},
            "has the answer 'Tower', which does not stand at 4, where answer_start says",
        ),
        (
            {"text": ["tower"], "answer_start": [-5]},
            "has the answer 'tower', which does not stand at -5, where answer_start says",
        ),
        ({"text": [""], "answer_start": [0]}, "has the answer '', which does not stand at 0, where answer_start says"),
        (
            {"text": ["tower", "the"], "answer_start": [4, 1]},
            "has the answer 'the', which does not stand at 1, where answer_start says",
        ),
        ({"text": ["tower", "the"], "answer_start": [4]}, "has 2 answers, but 1 places"),
    ],
)
def test_answers_that_stand_elsewhere_are_counted_and_named(refused, bad, said):
    with refused(f"2 of 4 rows of train cannot be used: row 2 {said}, row 4 {said}; data.on_bad=drop leaves them out"):
        read([good(), bad, good(), bad])
    kept = read([good(), bad, good(), bad], drop=True)
    assert len(kept.splits["train"]) == 2
    (note,) = kept.notes
    assert note.startswith("2 of 4 rows of train are left out: ")


def test_data_of_which_nothing_is_left_is_refused(refused):
    with refused("no row of train can be used: an answer that stands elsewhere (1)"):
        read([{"text": ["x"], "answer_start": [0]}], drop=True)


def test_questions_are_grouped_by_their_word():
    rows = {"question": ["Who was it?", "In which year?", "Name it.", "What?"]}
    assert TASK.groups(rows) == ["who", "which", "other", "what"]

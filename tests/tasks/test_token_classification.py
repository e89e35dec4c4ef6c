import random

import pytest
import torch
from datasets import Dataset

from distill.inference.output_parts import OutputWriter
from distill.inference.output_store import OutputStore
from distill.tasks import EncodingSpec, Options, task

TASK = task("token_classification")
ODD = [
    "\u200b",
    "\u0007",
    "\u0301",
    "\u00ad",
    "\ufeff",
    "[SEP]",
    "e\u0301",
    "東京",
    "😀",
    "a\u200bb",
    "don't",
    "engineers" * 6,
]
PLAIN = ["the", "tower", "Paris", "engineers", "unbelievably", "1889", ",", "Zürich", "committee"]


def columns(sentences):
    return {
        "tokens": sentences,
        "label": [[number % 3 for number in range(len(words))] for words in sentences],
        "key": list(range(10, 10 + len(sentences))),
    }


def sentences(seed, count=12):
    draw = random.Random(seed)  # noqa: S311
    lengths = [1, 1, *(draw.randint(2, 40) for _ in range(count - 2))]
    return [[draw.choice(PLAIN + ODD) for _ in range(length)] for length in lengths]


def split(*rows):
    return Dataset.from_dict({"tokens": [tokens for tokens, _ in rows], "label": [tags for _, tags in rows]})


def owned(features):
    """Example to the words that its windows answer for, in the windows' order."""
    found = {}
    for key, first, count in zip(features["key"], features["first"], features["count"], strict=True):
        found.setdefault(key, []).extend(range(first, first + count))
    return found


@pytest.mark.parametrize("kind", ["wordpiece", "cased", "bytelevel"])
@pytest.mark.parametrize(("max_length", "stride"), [(4, 0), (8, 2), (8, 7), (16, 0), (16, 40), (24, 12), (512, 32)])
def test_every_word_is_answered_by_exactly_one_window_in_their_order(request, kind, max_length, stride):
    tokenizer = request.getfixturevalue(kind)
    for seed in range(3):
        rows = columns(sentences(seed))
        features = TASK.encode(rows, tokenizer, EncodingSpec(max_length=max_length, stride=stride))
        assert owned(features) == {
            key: list(range(len(words))) for key, words in zip(rows["key"], rows["tokens"], strict=True)
        }
        assert all(len(ids) <= max_length for ids in features["input_ids"])
        assert min(features["count"]) > 0
        targets = {}
        for key, part in zip(features["key"], features["targets"], strict=True):
            targets.setdefault(key, []).extend(part)
        assert list(targets.values()) == rows["label"]


@pytest.mark.parametrize("kind", ["wordpiece", "bytelevel"])
def test_the_token_that_answers_is_the_words_first_piece(request, kind):
    tokenizer = request.getfixturevalue(kind)
    rows = columns([["engineers", "unbelievably", "Paris", "tower"] * 6])
    features = TASK.encode(rows, tokenizer, EncodingSpec(max_length=20, stride=6))
    assert len(features["key"]) > 2
    for ids, first, places in zip(features["input_ids"], features["first"], features["positions"], strict=True):
        for number, place in enumerate(places):
            alone = tokenizer([[rows["tokens"][0][first + number]]], is_split_into_words=True)["input_ids"][0]
            start = 1 if kind == "wordpiece" else 0
            pieces = alone[start:-1]
            assert ids[place : place + len(pieces)] == pieces


def test_a_word_longer_than_the_window_keeps_its_first_pieces(wordpiece):
    rows = columns([["the", "tower" * 9, "tower"]])
    features = TASK.encode(rows, wordpiece, EncodingSpec(max_length=6, stride=3))
    assert owned(features) == {10: [0, 1, 2]}
    alone = wordpiece([["tower" * 9]], is_split_into_words=True)["input_ids"][0]
    place = features["first"].index(1)
    assert features["input_ids"][place][1:5] == alone[1:5]


def test_windows_overlap_by_the_stride_and_words_at_their_ends_are_answered_by_the_other(wordpiece):
    rows = columns([["the"] * 40])
    features = TASK.encode(rows, wordpiece, EncodingSpec(max_length=12, stride=4))
    assert [len(ids) for ids in features["input_ids"]][:-1] == [12] * (len(features["key"]) - 1)
    assert features["first"] == [0, 8, 14, 20, 26, 32][: len(features["first"])]
    assert features["positions"][1] == [3, 4, 5, 6, 7, 8]


def test_a_word_of_which_the_tokenizer_makes_nothing_is_unknown_and_still_there(wordpiece):
    features = TASK.encode(columns([["the", "\u200b", "tower"]]), wordpiece, EncodingSpec())
    place = features["positions"][0][1]
    assert features["input_ids"][0][place] == wordpiece.unk_token_id
    assert features["count"] == [3]


def test_the_callers_sentences_are_not_changed(wordpiece):
    rows = columns([["the", "\u200b"]])
    TASK.encode(rows, wordpiece, EncodingSpec())
    assert rows["tokens"] == [["the", "\u200b"]]


def test_a_stored_teacher_of_another_tokenizer_is_asked_word_by_word(wordpiece, bytelevel, batch, tmp_path):
    rows = columns(sentences(7))
    writer = OutputWriter(tmp_path, "it", features_per_part=5)
    teachers = TASK.encode(rows, bytelevel, EncodingSpec(max_length=16, stride=4))
    for key, first, count in zip(teachers["key"], teachers["first"], teachers["count"], strict=True):
        places = {"key": torch.tensor([key]), "first": torch.tensor([first]), "count": torch.tensor([count])}
        writer.add(places, {"values": torch.tensor([[key * 1000.0 + first + word] for word in range(count)])})
    writer.flush()
    students = TASK.encode(rows, wordpiece, EncodingSpec(max_length=11, stride=3))
    answer = OutputStore(tmp_path, "it")(batch(students)).logits.flatten().tolist()
    wanted = [
        key * 1000.0 + first + word
        for key, first, count in zip(students["key"], students["first"], students["count"], strict=True)
        for word in range(count)
    ]
    assert answer == wanted


def test_the_rows_of_windows_are_the_words_in_their_order(wordpiece, batch):
    rows = columns([["the", "tower", "engineers"] * 8, ["Paris"]])
    form = EncodingSpec(("O", "B-X", "I-X"), max_length=10, stride=3)
    features = TASK.encode(rows, wordpiece, form)
    asked = batch(features)
    logits = torch.randn(len(features["key"]), asked["input_ids"].shape[1], 3)
    found, labels = TASK.align(logits, asked, form)
    wanted = [logits[window, place] for window, places in enumerate(features["positions"]) for place in places]
    assert torch.equal(found, torch.stack(wanted))
    assert labels.tolist() == rows["label"][0] + rows["label"][1]
    said = TASK.decode([found[:24].numpy(), found[24:].numpy()], rows, wordpiece, form)
    tags = [form.labels[tag] for tag in found.argmax(-1).tolist()]
    assert said == [{"tags": tags[:24]}, {"tags": tags[24:]}]


def test_tags_are_numbered_and_many_may_get_one_name():
    rows = split((["EU", "in", "Paris"], ["B-ORG", "O", "B-LOC"]), (["New", "York"], ["B-LOC", "I-LOC"]))
    read = TASK.read({"train": rows}, Options({"B-LOC": "B", "I-LOC": "I", "B-ORG": "B"}))
    assert read.labels == ("B", "I", "O")
    assert read.splits["train"]["label"][:] == [[0, 2, 0], [0, 1]]
    assert TASK.metric_module(read.labels) == "tokens"
    assert TASK.metric_module(TASK.read({"train": rows}, Options({})).labels) == "entities"


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["O", "I-LOC"], "I-LOC at York after O: in IOB2 an entity begins with B-LOC"),
        (["I-LOC", "O"], "I-LOC at New after O: in IOB2 an entity begins with B-LOC"),
        (["B-ORG", "I-LOC"], "I-LOC at York after B-ORG: in IOB2 an entity begins with B-LOC"),
    ],
)
def test_what_breaks_iob2_is_refused_with_row_and_word(refused, tags, message):
    rows = split((["EU"], ["B-ORG"]), (["New", "York"], tags))
    with refused(f"row 2 of train has the tag {message}; data.on_bad=drop leaves it out"):
        TASK.read({"train": rows}, Options({}))


def test_an_entity_may_go_on_but_not_over_the_end_of_a_sentence(refused):
    rows = split((["New", "York", "City"], ["B-LOC", "I-LOC", "I-LOC"]), (["York"], ["I-LOC"]))
    said = "row 2 of train has the tag I-LOC at York after O: in IOB2 an entity begins with B-LOC"
    with refused(f"{said}; data.on_bad=drop leaves it out"):
        TASK.read({"train": rows}, Options({}))


def test_tags_of_another_scheme_are_taken_as_they_are():
    rows = split((["they", "run"], ["PRON", "VERB"]), (["EU", "in"], ["I", "B"]))
    assert TASK.read({"train": rows}, Options({})).labels == ("B", "I", "PRON", "VERB")


@pytest.mark.parametrize("first", [["I-ORG", "O"], ["O", "I-LOC"]])
def test_tags_that_begin_entities_with_i_are_refused_with_row_and_word(refused, first):
    rows = split((["EU", "EU"], ["B-ORG", "O"]), (["EU", "Paris"], first))
    word, tag = ("EU", "I-ORG") if first[1] == "O" else ("Paris", "I-LOC")
    said = f"row 2 of train has the tag {tag} at {word} after O: in IOB2 an entity begins with B-{tag[2:]}"
    with refused(f"{said}; data.on_bad=drop leaves it out"):
        TASK.read({"train": rows}, Options({}))


def test_sentences_that_break_iob2_are_left_out_where_that_is_asked_for():
    rows = split((["EU"], ["B-ORG"]), (["York"], ["I-LOC"]), (["in", "EU"], ["O", "B-ORG"]), (["New"], ["X"]))
    read = TASK.read({"train": rows}, Options({}, drop_bad=True))
    assert read.labels == ("B-ORG", "O")
    assert read.splits["train"]["tokens"][:] == [["EU"], ["in", "EU"]]
    assert read.notes == ("2 of 4 rows of train are left out: tags that are no IOB2 (2)",)


def test_sentences_that_break_another_scheme_are_left_out_where_that_is_asked_for():
    good = [(["Anna", "Otto"], ["B-PER", "E-PER"]), (["Rome", "fell"], ["S-LOC", "O"])]
    read = TASK.read({"train": split(*good, (["Ida"], ["E-PER"]))}, Options({}, drop_bad=True))
    assert len(read.splits["train"]) == 2
    assert read.notes[-1] == "1 of 3 rows of train are left out: tags that are no BIOES (1)"


def test_where_any_split_uses_iob2_all_have_to(refused):
    good, plain = split((["EU", "in"], ["B-ORG", "O"])), split((["EU", "in"], ["ORG", "O"]))
    for splits, where in (({"train": good, "test": plain}, "test"), ({"train": plain, "test": good}, "train")):
        with refused(f"row 1 of {where} has the tag ORG at EU: IOB2 has O, B-… and I-… only"):
            TASK.read(splits, Options({}))


def test_tags_are_judged_by_the_names_they_are_given(refused):
    rows = split((["EU", "in", "New", "York"], ["ORG", "O", "I-LOC", "I-LOC"]))
    assert TASK.read({"train": rows}, Options({"I-LOC": "LOC"})).labels == ("LOC", "O", "ORG")
    named = {"ORG": "B-ORG", "I-LOC": "I-ORG"}
    with refused("row 1 of train has the tag I-ORG at New after O: in IOB2 an entity begins with B-ORG"):
        TASK.read({"train": rows}, Options(named))


def test_tags_stand_in_the_order_of_the_data():
    rows = split((["EU", "in"], ["B-ORG", "O"]))
    assert TASK.read({"train": rows}, Options({}, order=("O", "B-PER", "B-ORG"))).labels == ("O", "B-ORG")


def test_tokens_and_tags_of_different_number_are_refused(refused):
    good, bad = split((["a", "b"], ["O", "B-X"])), split((["a"], ["O"]), (["a", "b"], ["O"]))
    with refused("row 2 of test has 2 tokens, but 1 tags; data.on_bad=drop leaves it out"):
        TASK.read({"train": good, "test": bad}, Options({}))


def test_a_single_tag_a_strange_tag_and_a_strange_name_are_refused(refused):
    good = split((["a", "b"], ["O", "B-X"]))
    way = "data.columns.label=NAME takes another column, in files of words by its number"
    with refused(f"train has only the tag O: nothing can be learned from one class; {way}"):
        TASK.read({"train": split((["a"], ["O"]))}, Options({}))
    with refused(f"train has only the tag O in the column pos: nothing can be learned from one class; {way}"):
        TASK.read({"train": split((["a"], ["O"]))}, Options({}, label_column="pos"))
    with refused("test has the label B-Y (row 1), which train does not have; train has B-X, O"):
        TASK.read({"train": good, "test": split((["a"], ["B-Y"]))}, Options({}))
    with refused(
        "data.labels names B-Y, which train does not have; it has B-X, O; give their names, or data.labels=null"
    ):
        TASK.read({"train": good}, Options({"B-Y": "Y"}))


@pytest.mark.parametrize(("names", "said"), [({}, True), ({"0": "O", "1": "B-PER"}, False)])
def test_numbers_as_tags_are_said_to_be_no_entities(names, said):
    rows = Dataset.from_dict({"tokens": [["a", "b"], ["c"]], "label": [[0, 1], [0]], "key": [1, 2]})
    found = TASK.read({"train": rows}, Options(labels=names))
    assert [note.startswith("the tags are numbers") for note in found.notes] == [True] * said

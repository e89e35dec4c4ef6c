import pytest
from datasets import Dataset

from distill.errors import DataError
from distill.tasks import Options
from distill.tasks.tagging import to_iob2
from distill.tasks.token_classification import read


def splits(*sentences):
    rows = Dataset.from_dict(
        {"tokens": [[str(place) for place in range(len(each))] for each in sentences], "label": sentences}
    )
    return {"train": rows}


@pytest.mark.parametrize(
    ("name", "tags", "iob2"),
    [
        (
            "IOB1",
            ["I-PER", "I-PER", "B-PER", "O", "I-LOC", "I-PER"],
            ["B-PER", "I-PER", "B-PER", "O", "B-LOC", "B-PER"],
        ),
        ("BIOES", ["S-LOC", "O", "B-PER", "I-PER", "E-PER"], ["B-LOC", "O", "B-PER", "I-PER", "I-PER"]),
        ("BILOU", ["U-LOC", "O", "B-PER", "L-PER"], ["B-LOC", "O", "B-PER", "I-PER"]),
        ("BMES", ["S-LOC", "B-PER", "M-PER", "E-PER"], ["B-LOC", "B-PER", "I-PER", "I-PER"]),
    ],
)
def test_tags_of_another_scheme_are_read_as_iob2_and_that_is_said(name, tags, iob2):
    found = read(splits(tags, ["O"] * len(tags)), Options({}))
    assert [found.labels[tag] for tag in found.splits["train"][0]["label"]] == iob2
    assert found.notes == (f"the tags are {name}; they are read as IOB2, in which B- begins an entity and I- goes on",)


@pytest.mark.parametrize(
    "sentences",
    [
        [["B-PER", "I-PER", "O"], ["O", "I-LOC"]],  # IOB2 with a fault, which is refused
        [["B-PER", "I-PER", "O"]],
        [["NN", "VB"]],
        [["B", "I", "O"]],
        [["S-1", "X-2", "O"]],
        [["O", "O"]],
    ],
)
def test_all_other_tags_are_left_as_they_are(sentences):
    assert to_iob2(sentences) is None


def test_a_slip_in_many_entities_is_no_other_scheme():
    many = [["I-PER", "O"]] * 50
    name, convert = to_iob2([*many, ["O", "B-LOC"]])
    assert (name, convert(["O", "B-LOC"])) == ("IOB1", ["O", "B-LOC"])
    assert to_iob2([*many, ["O", "B-LOC"], ["B-LOC"]]) is None


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (["B-PER", "O", "E-PER"], "row 2 of train has the tag E-PER after O, where no PER began: the tags are BIOES"),
        (
            ["S-PER", "I-PER", "O"],
            "row 2 of train has the tag I-PER after S-PER, where no PER began: the tags are BIOES",
        ),
    ],
)
def test_tags_that_break_the_scheme_they_are_in_are_refused(tags, said):
    with pytest.raises(DataError, match=f"^{said}; data.on_bad=drop leaves it out$"):
        read(splits(["S-LOC", "O", "O"], tags), Options({}))


def test_tags_that_are_named_are_not_converted():
    with pytest.raises(DataError, match="has the tag S-LOC"):
        read(splits(["S-LOC", "O", "B-LOC"]), Options({"B-LOC": "B-LOC", "S-LOC": "S-LOC"}))


@pytest.mark.parametrize(
    ("tags", "iob2", "said"),
    [
        (["PER-B", "PER-I", "O"], ["B-PER", "I-PER", "O"], "with the place last, as in PER-B"),
        (["B_PER", "I_PER", "O"], ["B-PER", "I-PER", "O"], "with an underscore, as in B_PER"),
        (["PER:B", "PER:I", "O"], ["B-PER", "I-PER", "O"], "with the place last, as in PER-B"),
        (["B:PER", "I:PER", "O"], ["B-PER", "I-PER", "O"], "with another sign, as in B:PER"),
        (["B/PER", "I/PER", "O"], ["B-PER", "I-PER", "O"], "with another sign, as in B:PER"),
        (["b_per", "i_per", "O"], ["B-per", "I-per", "O"], "in small letters, as in b-per"),
        (["b-per", "i-per", "o"], ["B-per", "I-per", "O"], "in small letters, as in b-per"),
    ],
)
def test_tags_that_are_spelled_otherwise_are_read_as_entities_and_that_is_said(tags, iob2, said):
    made = read(splits(tags, tags), Options({}))
    assert [made.labels[tag] for tag in made.splits["train"]["label"][0]] == iob2
    assert made.notes == (f"the tags are spelled {said}; they are read as B-PER and the like",)


def test_spelling_and_scheme_may_both_be_others():
    made = read(splits(["PER-S", "O", "LOC-B", "LOC-E"], ["PER-S", "O"]), Options({}))
    assert [made.labels[tag] for tag in made.splits["train"]["label"][0]] == ["B-PER", "O", "B-LOC", "I-LOC"]
    assert len(made.notes) == 2


def test_parts_of_speech_are_spelled_as_they_are():
    made = read(splits(["NN", "VB-I", "JJ"], ["NN", "VB-I"]), Options({}))
    assert made.labels == ("JJ", "NN", "VB-I")


@pytest.mark.parametrize(
    ("tags", "said"),
    [(["PER", "O", "LOC"], True), (["B", "I", "O"], True), (["NN", "VB"], False), (["B-PER", "O"], False)],
)
def test_tags_that_tell_no_entities_are_said_to_be_scored_word_by_word(tags, said):
    note = (
        "beside O the tags are not spelled as B-PER and I-PER, by which entities are told: words are scored one by "
        "one, those of each tag"
    )
    assert read(splits(tags, tags), Options({})).notes == (note,) * said


def test_rows_that_are_words_are_refused():
    message = (
        r"^every row of train has one token, such as '0': a row is a sentence, with a list of its tokens and one of "
        r"their tags; of tables with a word a row, a column sentence_id says which are one$"
    )
    with pytest.raises(DataError, match=message):
        read(splits(["B-PER"], ["O"]), Options({}))

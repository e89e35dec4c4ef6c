from itertools import chain

import numpy as np
import pytest

from distill.data.segment_pair_tables import paired
from distill.data.segment_pairs import FOLLOWS, OTHER, PairForm, pairs, passages
from distill.data.text_blocks import PlainText
from distill.errors import DataError

FORM = PairForm(13, (1,), (2,))


def letters(texts):
    return [[ord(letter) for letter in text] for text in texts]


def made(documents=40, lines=30, seed=3):
    """Documents of lines of two to nine tokens, their passages, and the pairs that are made of them."""
    lengths = np.random.default_rng(0).integers(2, 10, documents * lines)
    given = passages(np.repeat(np.arange(documents), lines))
    return lengths, given, list(pairs(lengths, given, 20, seed))


def written(tmp_path, monkeypatch, text):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "texts.txt").write_text(text, encoding="utf-8")
    return PlainText([tmp_path / "texts.txt"])


def test_half_of_the_second_segments_follow_and_the_others_are_of_another_document():
    _, given, found = made()
    document = {line: passage.document for passage in given for line in range(passage.start, passage.stop)}
    follows = [pair for pair in found if pair.label == FOLLOWS]
    assert 0.45 < len(follows) / len(found) < 0.55
    assert all(pair.first.stop == pair.second.start for pair in follows)
    others = [pair for pair in found if pair.label == OTHER]
    assert all(document[pair.first.start] != document[pair.second.start] for pair in others)
    for pair in found:
        for segment in (pair.first, pair.second):
            assert len(segment) > 0
            assert len({document[line] for line in segment}) == 1


def test_each_line_is_read_once_in_order_but_for_those_that_stand_elsewhere():
    lengths, _, found = made()
    read = chain.from_iterable(chain(pair.first, pair.second if pair.label == FOLLOWS else ()) for pair in found)
    assert list(read) == list(range(len(lengths)))


def test_segments_fill_the_room_but_for_a_tenth_and_the_ends_of_passages():
    lengths, _, found = made()
    tokens = [sum(int(lengths[segment].sum()) for segment in map(list, (pair.first, pair.second))) for pair in found]
    assert np.mean(np.asarray(tokens) >= 20) > 0.6


def test_the_length_of_a_pair_does_not_tell_whether_its_second_segment_follows():
    lengths, _, found = made(documents=600, lines=7)  # most documents end before a second pair is full
    tokens = np.array([sum(int(lengths[list(part)].sum()) for part in (pair.first, pair.second)) for pair in found])
    follows = np.array([pair.label == FOLLOWS for pair in found])
    told = [max(((tokens < most) == follows).mean(), ((tokens < most) != follows).mean()) for most in range(2, 30)]
    assert max(told) < 0.57


def test_the_same_seed_draws_the_same_pairs_and_another_one_others():
    assert made(seed=3)[2] == made(seed=3)[2]
    assert made(seed=3)[2] != made(seed=4)[2]


def test_lines_that_stand_alone_are_made_up_for_by_the_next_that_follow():
    lengths = np.full(600, 15)  # of two lines in a document one fills the room for the other
    given = passages(np.repeat(np.arange(300), 2))
    labels = [pair.label for pair in pairs(lengths, given, 20, 0)]
    assert labels.count(FOLLOWS) / len(labels) == pytest.approx(0.5, abs=0.05)


def test_one_document_alone_gives_other_segments_that_do_not_follow():
    lengths, given = np.full(64, 5), passages(np.zeros(64, dtype=np.int64))
    found = list(pairs(lengths, given, 20, 0))
    others = [pair for pair in found if pair.label == OTHER]
    assert 0 < len(others) < len(found)
    assert all(pair.second.start != pair.first.stop for pair in others)


def test_pairs_are_tables_of_inputs_whose_held_out_text_is_in_none_that_is_learnt(tmp_path, monkeypatch):
    documents = ["\n".join(chr(97 + number) * 5 for _ in range(12)) for number in range(20)]
    text = written(tmp_path, monkeypatch, "\n\n".join(documents) + "\n")
    learnt, out = paired(text, letters, FORM, 0.2, 0, {})
    rows = learnt[:]
    for ids, types, mask, label in zip(
        rows["input_ids"], rows["token_type_ids"], rows["attention_mask"], rows["follows"], strict=True
    ):
        assert len(ids) <= FORM.length
        assert (ids[0], ids[-1], ids.count(2)) == (1, 2, 2)
        end = ids.index(2) + 1
        assert types == [0] * end + [1] * (len(ids) - end)
        assert mask == [1] * len(ids)
        same = {ids[1]} == set(ids[1 : end - 1]) == set(ids[end:-1])
        assert same is (label == FOLLOWS)
    assert rows["key"] == list(range(len(learnt)))
    tokens = [set(chain.from_iterable(part["input_ids"])) - {1, 2} for part in (learnt, out)]
    assert len(tokens[1]) == 4
    assert not tokens[0] & tokens[1]
    again = paired(text, letters, FORM, 0.2, 0, {})[0]
    assert again[:] == rows
    assert paired(text, letters, FORM, 0.2, 1, {})[0][:] != rows


def test_a_line_longer_than_the_room_is_cut_into_segments_that_follow_each_other(tmp_path, monkeypatch):
    text = written(tmp_path, monkeypatch, "\n\n".join("abcdefghij" * 8 for _ in range(40)))
    learnt, _ = paired(text, letters, FORM, 0.2, 0, {})
    follows = [row for row in learnt if row["follows"] == FOLLOWS]
    assert 0.4 < len(follows) / len(learnt) < 0.6
    words = ["".join(map(chr, row["input_ids"][1:-1])).split(chr(2)) for row in follows]
    assert all("".join(pair) in "abcdefghij" * 8 for pair in words)


def test_text_in_which_no_line_follows_another_is_refused(tmp_path, monkeypatch):
    text = written(tmp_path, monkeypatch, "\n\n".join(["abc"] * 40))
    with pytest.raises(
        DataError, match=r"texts\.txt: no line of it follows another one, since a blank line ends a doc"
    ):
        paired(text, letters, FORM, 0.2, 0, {})


def test_documents_end_at_blank_lines_and_with_their_file(tmp_path):
    for name, content in (("a.txt", "\n1\n2\n\n \n3\n"), ("b.txt", "4\n5")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    text = PlainText([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert list(text.documents()) == [(0, "1"), (0, "2"), (1, "3"), (2, "4"), (2, "5")]

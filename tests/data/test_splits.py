import re
from collections import Counter

import pytest
from datasets import Dataset

from distill.data.splits import (
    content,
    hold_out,
    hold_out_test,
    keyed,
    limit,
    overlap,
    stratified,
    unseen,
    with_ids,
    without_ids,
)
from distill.errors import DataError


def table(rows, labels=None):
    return Dataset.from_dict({"text": [f"text {row}" for row in rows], "label": labels or [row % 3 for row in rows]})


LABELS = [0] * 700 + [1] * 250 + [2] * 49 + [3]


@pytest.mark.parametrize("count", [4, 10, 333, 999])
def test_a_draw_keeps_the_shares_and_each_label_at_least_once(count):
    drawn = stratified(LABELS, count, seed=1)
    assert len(set(drawn.tolist())) == count
    assert drawn.tolist() == sorted(drawn.tolist())
    found = Counter(LABELS[row] for row in drawn)
    assert len(found) == 4
    assert abs(found[0] - 0.7 * count) <= 2.5


def test_a_draw_of_fewer_rows_than_labels_still_has_its_size():
    assert len(stratified(LABELS, 2, seed=1)) == 2


def test_a_draw_depends_on_the_seed_alone():
    assert stratified(LABELS, 50, 1).tolist() == stratified(LABELS, 50, 1).tolist()
    assert stratified(LABELS, 50, 1).tolist() != stratified(LABELS, 50, 2).tolist()


def test_a_validation_split_is_held_out_of_train_and_said():
    made, note = hold_out({"train": table(range(100)), "test": table(range(5))}, 0.1, seed=0)
    assert {name: len(rows) for name, rows in made.items()} == {"train": 90, "validation": 10, "test": 5}
    assert not set(made["train"]["text"]) & set(made["validation"]["text"])
    assert note == (
        "there is no validation split: 10 rows of train, seeded and stratified by label, are held out for it"
    )


@pytest.mark.parametrize("labels", [[0.5, 1.5] * 10, [[1, 0], [0]] * 10, ["a", "b"] * 10])
def test_where_a_row_has_not_one_label_nothing_is_said_of_labels(labels):
    _, note = hold_out({"train": table(range(20), labels)}, 0.1, seed=0)
    assert note == "there is no validation split: 2 rows of train, drawn with the seed, are held out for it"


def test_the_only_row_of_a_label_stays_in_train():
    made, _ = hold_out({"train": table(range(219), [0] * 200 + list(range(1, 20)))}, 0.1, seed=0)
    assert set(made["train"]["label"]) == set(range(20))
    assert len(made["validation"]) == 22


def test_nothing_is_held_out_where_there_is_a_validation_split():
    splits = {"train": table(range(10)), "validation": table(range(3))}
    assert hold_out(splits, 0.1, seed=0) == (splits, None)


def test_a_train_split_too_small_to_share_is_refused():
    with pytest.raises(DataError, match=re.escape("train has 1 rows: too few to hold out a validation split")):
        hold_out({"train": table(range(1))}, 0.1, seed=0)


def test_a_test_split_is_held_out_of_train_and_said():
    labels = [0] * 70 + [1] * 29 + [2]
    made, note = hold_out_test({"train": table(range(100), labels)}, 0.2, seed=0)
    assert {name: len(rows) for name, rows in made.items()} == {"train": 80, "test": 20}
    assert Counter(made["test"]["label"]) == {0: 14, 1: 6}
    assert set(made["train"]["text"]).isdisjoint(made["test"]["text"])
    assert note == "there is no test split: 20 rows of train, seeded and stratified by label, are held out for it"


def test_no_test_split_is_held_out_where_none_is_asked_for():
    splits = {"train": table(range(10))}
    assert hold_out_test(splits, None, seed=0) == (splits, None)
    splits["test"] = table(range(3))
    assert hold_out_test(splits, None, seed=0) == (splits, None)


def test_a_test_split_beside_one_that_is_there_is_refused():
    said = "data.holdout_test=0.1: there is a test split of 3 rows already, of which the report speaks; "
    with pytest.raises(DataError, match=f"^{re.escape(said)}leave data.holdout_test out, or give "):
        hold_out_test({"train": table(range(10)), "test": table(range(3))}, 0.1, seed=0)


def test_a_train_split_too_small_for_a_test_is_refused():
    with pytest.raises(DataError, match=re.escape("train has 1 rows: too few to hold out a test split")):
        hold_out_test({"train": table(range(1))}, 0.1, seed=0)


def test_a_limit_keeps_so_many_rows_in_their_order_and_none_or_more_keeps_all():
    splits = {"train": table(range(30)), "validation": table(range(9)), "test": table(range(9))}
    made = limit(splits, {"train": 12, "validation": None, "test": 20}, seed=0)
    assert [len(rows) for rows in made.values()] == [12, 9, 9]
    texts = made["train"]["text"][:]
    assert texts == sorted(texts, key=lambda text: int(text.split()[1]))


def test_a_key_is_the_same_for_the_same_text_and_the_fields_cannot_be_confused():
    rows = Dataset.from_dict({"a": ["xy", "x", "xy"], "b": ["z", "yz", "z"]})
    keys = keyed(rows, ["a", "b"])["key"][:]
    assert keys[0] == keys[2] != keys[1]
    assert keyed(rows.select([2]), ["a", "b"])["key"][:] == [keys[0]]
    assert keys[0] == 4837716985807681773, "a key that changes orphans every stored teacher output"


def test_rows_that_were_drawn_get_keys_without_a_piece_for_each(monkeypatch):
    drawn = table(range(5000), [{"a": row} for row in range(5000)]).select(range(0, 5000, 2))
    monkeypatch.setattr(Dataset, "flatten_indices", None)  # which takes as long as all else about short rows
    keys = keyed(drawn, ["text"])
    assert keys.remove_columns("key")[:] == drawn[:]
    assert keys.remove_columns("key").features == drawn.features
    assert keys._indices is None


def test_the_content_changes_with_any_text_label_or_order():
    digests = {
        content(table([1, 2, 3])),
        content(table([1, 3, 2])),
        content(table([1, 2, 4], [1, 2, 0])),
        content(table([1, 2, 3], [0, 0, 0])),
    }
    assert len(digests) == 4
    assert content(table([1, 2, 3])) == content(table([1, 2, 3]))


def test_texts_that_also_stand_in_train_are_counted():
    splits = {"train": table(range(10)), "validation": table(range(8, 14)), "test": table(range(20, 23))}
    ready = {name: keyed(rows, ["text"]) for name, rows in splits.items()}
    assert overlap(ready) == "texts that also occur in train: 2 of 6 in validation"
    assert overlap({name: ready[name] for name in ("train", "test")}) is None


def test_unlabelled_rows_are_taken_once_and_only_where_no_split_has_their_text():
    splits = {"train": keyed(table(range(3)), ["text"]), "test": keyed(table(range(5, 7)), ["text"])}
    more = keyed(table([9, 0, 3, 9, 6, 4]).select_columns("text"), ["text"])
    assert unseen(more, splits)["text"] == ["text 9", "text 3", "text 4"]


def test_ids_stay_with_the_rows_that_a_limit_leaves():
    splits = {"train": table(range(20)), "test": table(range(10)), "validation": table(range(4))}
    ids = {"train": range(20), "test": [f"t{row}" for row in range(10)], "validation": range(5)}
    limited, left = without_ids(limit(with_ids(splits, ids), {"test": 4}, seed=0))
    assert left == {"test": [text.replace("text ", "t") for text in limited["test"]["text"]]}, "of validation 5, not 4"
    assert {name: rows.column_names for name, rows in limited.items()} == {name: ["text", "label"] for name in splits}
    assert content(limited["train"]) == content(splits["train"])

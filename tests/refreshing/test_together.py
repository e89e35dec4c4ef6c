"""Old and new rows as one data set: what is replayed, corrected, renamed and new, and what is refused."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from distill.config.data import DataConfig
from distill.config.refresh import RefreshSettings
from distill.config.schema import Config
from distill.errors import ConfigError, DataError
from distill.pipeline.prepare_data import load, prepare
from distill.refreshing import corrections, label_changes, named_rows
from distill.refreshing.label_changes import Findings
from distill.refreshing.named_rows import NamedRows
from distill.refreshing.together import put_together
from distill.tasks import task

OLD = [(f"o{number}", f"old text {number}", ("cards", "loans")[number % 2]) for number in range(40)]
NEW = [(f"n{number}", f"new text {number}", ("cards", "loans")[number % 2]) for number in range(20)]


def folder(path, train, test, validation=None):
    path.mkdir()
    validation = validation or [(f"v{key}", f"for {text} {path.name}", label) for key, text, label in train[:4]]
    for name, rows in (("train", train), ("validation", validation), ("test", test)):
        with (path / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("id", "text", "label"), *rows])
    return Config(data=DataConfig(path=str(path), near_duplicates="keep"))


@pytest.fixture
def put(tmp_path):
    def together(new=NEW, new_test=None, old=OLD, seen=(), held_out=False, right=None, labels=None, **settings):
        old_config = folder(tmp_path / "old", old, [(f"t{key}", f"asked {text}", x) for key, text, x in old[:10]])
        new_config = folder(
            tmp_path / "new", new, new_test or [(f"u{key}", f"query {text}", x) for key, text, x in new]
        )
        if labels:
            old_config, new_config = (
                replace(each, data=replace(each.data, labels=labels)) for each in (old_config, new_config)
            )
        chosen, module = RefreshSettings(**settings), task("classification")
        if right is not None:
            file = tmp_path / "right.csv"
            file.write_text("\n".join(["id,label", *(",".join(each) for each in right)]) + "\n")
            chosen.corrections = str(file)
        return put_together(
            prepare(old_config, train_ids=True),
            prepare(new_config, train_ids=True, beside=load(old_config)),
            module, chosen, corrections.read(old_config, chosen.corrections), set(seen), 42, held_out=held_out,
        )  # fmt: skip

    return together


def rows_of(together, split, part):
    rows = together.parts[split][part][1]
    return dict(zip(rows.ids, rows.labels, strict=True))


@pytest.mark.parametrize(("replay", "count"), [(0.5, 20), (0, 0), (1, 40), (12, 12)])
def test_a_share_or_a_number_of_old_rows_is_replayed(put, replay, count):
    together = put(replay=replay)
    replayed = rows_of(together, "train", 0)
    assert len(replayed) == count
    assert list(replayed.values()).count("cards") == count // 2
    assert rows_of(together, "train", 1) == {key: label for key, _, label in NEW}
    assert len(together.parts["test"][0][1]) == 10
    assert together.found.rows == {"old": 40, "replayed": count, "new": 20, "judged_old": 10, "judged_new": 20}


def test_more_rows_than_there_are_cannot_be_replayed(put):
    with pytest.raises(ConfigError, match=r"refresh\.replay=41: the run was trained on 40 rows; allowed is up to that"):
        put(replay=41)


def test_corrected_labels_replace_the_old_ones_and_are_always_replayed(put):
    together = put(
        replay=0, right=[("o0", "loans"), ("o2", "loans"), ("o1", "loans"), ("o3", "cards"), ("to4", "loans")]
    )
    assert together.found.corrected == [("cards", "loans", 3), ("loans", "cards", 1)]
    assert rows_of(together, "train", 0) == {"o0": "loans", "o2": "loans", "o3": "cards"}
    assert rows_of(together, "test", 0)["to4"] == "loans"


@pytest.mark.parametrize(
    ("right", "message"),
    [
        ([("o0", "loans"), ("x9", "cards")], "1 of 2 ids are of no row that the run was made of, such as x9"),
        ([("o0", "loans"), ("o0", "cards")], "the id o0 stands there 2 times"),
        ([("o0", "lones")], r"no other row has the label lones; is it a further one, 'refresh.new_labels=\[lones\]'"),
    ],
)
def test_corrections_of_rows_that_are_not_there_are_refused(put, right, message):
    with pytest.raises((ConfigError, DataError), match=message):
        put(right=right)


def test_a_new_label_is_found_and_one_that_is_rare_is_named(put):
    together = put(new=[*NEW, ("n90", "somebody stole it", "fraud"), ("n91", "it was stolen", "fraud")])
    assert together.labels == ["cards", "loans", "fraud"]
    assert together.found.new_labels == ["fraud"]
    assert together.found.rare == {"fraud": 2}
    assert together.found.unjudged == {"cards": 15, "loans": 15, "fraud": 2}


def test_new_data_may_hold_nothing_but_a_new_label_if_that_is_said(put):
    only = [(f"n{number}", f"stolen {number}", "fraud") for number in range(12)]
    together = put(new=only, new_labels=["fraud"])
    assert (together.found.new_labels, together.found.unseen) == (["fraud"], ["cards", "loans"])
    assert set(rows_of(together, "train", 0).values()) == {"cards", "loans"}


def test_a_label_under_another_name_is_not_guessed(put):
    with pytest.raises(DataError) as error:
        put(new=[(key, text, {"loans": "credit"}.get(label, label)) for key, text, label in NEW])
    assert str(error.value) == (
        "the new data has the label credit, which the run does not know, and no row of loans, which it knows: is it "
        "the same under another name, give 'refresh.rename={loans: credit}'; is it a further one, "
        "'refresh.new_labels=[credit]', with which loans stays, of old rows, or goes where 'refresh.remove=[loans]' is "
        "given, too"
    )


def test_old_rows_of_a_label_that_is_no_longer_wanted_are_left_out_and_counted(put):
    old = [(key, text, "fees" if number % 4 == 0 else label) for number, (key, text, label) in enumerate(OLD)]
    together = put(old=old, remove=["fees"], replay=0, right=[("o1", "cards"), ("o4", "loans")])
    assert together.labels == ["cards", "loans"]
    assert together.found.removed == {"fees": 9 + 1 + 3}
    assert rows_of(together, "train", 0) == {"o1": "cards", "o4": "loans"}
    assert "fees" not in rows_of(together, "test", 0).values()


def test_a_row_of_several_labels_keeps_those_that_are_wanted():
    rows = NamedRows({"label": [["a", "b"], ["a"], ["b"]]}, np.arange(3), None, {})
    found = Findings()
    left, places = label_changes.without_removed(rows, "labels", RefreshSettings(remove=["a"]), found)
    assert (left.labels, places, found.removed) == ([["b"], [], ["b"]], [0, 1, 2], {"a": 2})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"remove": ["fees"]}, r"refresh.remove=\[fees\]: the run has no label fees; it has cards, loans"),
        ({"remove": ["loans"]}, r"refresh.remove=\[loans\]: too few labels would be left to tell apart"),
        ({"remove": ["loans"], "rename": {"loans": "credit"}}, "loans is renamed as well; leave one of the two out"),
    ],
)
def test_labels_that_cannot_be_removed_are_refused(put, settings, message):
    with pytest.raises(ConfigError, match=message):
        put(**settings)


def test_a_label_that_new_rows_have_is_not_removed(put):
    old = [*OLD, ("o90", "a charge", "fees"), ("o91", "another charge", "fees")]
    with pytest.raises(DataError, match=r"refresh.remove: 22 new rows have the label loans; leave them out, or keep"):
        put(old=old, remove=["loans"])


def test_tags_are_not_removed():
    with pytest.raises(ConfigError, match=r"refresh.remove=\[B-PER\]: tags are changed in the data itself"):
        label_changes.refuse_removal(RefreshSettings(remove=["B-PER"]), ["O", "B-PER"], "tags")


def test_rows_of_validation_that_stand_in_train_are_left_out_and_said(put):
    together = put(new=[*NEW, ("n99", "for old text 0 old", "cards")])
    assert "vo0" not in rows_of(together, "validation", 0)
    assert together.found.notes == ["1 old rows of validation were trained on before, or are in train: left out"]


def test_old_rows_of_a_label_that_is_renamed_get_its_new_name(put):
    renamed = [(key, text, {"loans": "credit"}.get(label, label)) for key, text, label in NEW]
    together = put(new=renamed, rename={"loans": "credit"})
    assert together.labels == ["cards", "credit"]
    assert set(rows_of(together, "train", 0).values()) == {"cards", "credit"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"rename": {"lones": "credit"}},
            r"refresh.rename=\{lones: credit\}: the run has no label lones; it has cards",
        ),
        ({"rename": {"loans": "cards"}}, "cards would be two labels of the run"),
        ({"new_labels": ["fraud"]}, "refresh.new_labels: no new row has the label fraud; they have cards, loans"),
    ],
)
def test_names_of_no_label_are_refused(put, settings, message):
    with pytest.raises(ConfigError, match=message):
        put(**settings)


def test_data_whose_labels_the_settings_name_is_read_by_these_names(put):
    numbered = [[(key, text, str(("cards", "loans").index(x))) for key, text, x in rows] for rows in (OLD, NEW)]
    together = put(old=numbered[0], new=numbered[1], labels={"0": "cards", "1": "loans"}, right=[("o0", "1")])
    assert together.labels == ["cards", "loans"]
    assert together.found.corrected == [("cards", "loans", 1)]


def test_a_text_that_is_new_again_counts_with_its_new_label(put):
    together = put(replay=1, new=[*NEW, ("n99", "old text 0", "loans")])
    assert together.found.superseded == 1
    assert len(together.parts["train"][0][1]) == 39


def test_new_data_that_was_learnt_before_is_refused(put):
    with pytest.raises(DataError, match="nothing is new: all 40 rows of the new train were learnt before"):
        put(new=OLD, new_test=[("u0", "never seen", "cards"), ("u1", "nor this", "loans")])


def test_test_rows_that_the_run_was_trained_on_are_refused(put):
    with pytest.raises(DataError, match="1 of the 2 new rows of test were trained on, by the run or one before it"):
        put(new_test=[("u0", "old text 3", "loans"), ("u1", "nor this", "loans")])


def test_test_rows_that_are_in_the_new_train_are_refused(put):
    with pytest.raises(DataError, match="1 of the 2 new rows of test were trained on"):
        put(new_test=[("u0", "new text 3", "loans"), ("u1", "nor this", "loans")])


def test_old_test_rows_in_the_new_train_are_refused(put):
    with pytest.raises(DataError, match="1 rows of test that the run was judged by stand in the new train"):
        put(new=[*NEW, ("n99", "asked old text 0", "cards")])


def test_held_out_rows_that_were_learnt_are_left_out_instead(put):
    together = put(new_test=[("u0", "old text 3", "loans"), ("u1", "nor this", "loans")], held_out=True)
    assert len(together.parts["test"][1][1]) == 1
    assert together.found.notes == ["1 new rows of test were trained on before, or are in train: left out"]


def test_rows_that_a_run_before_was_trained_on_are_remembered(put, tmp_path):
    first = put()
    named_rows.write(first.parts, tmp_path / "data")
    named_rows.write_seen(first.seen, tmp_path / "data")
    assert named_rows.seen_before(tmp_path / "data") == first.seen
    assert len(first.seen) == 60
    read = prepare(Config(data=DataConfig(path=str(tmp_path / "data"))), train_ids=True)
    assert read.rows() == {"train": 40, "validation": 8, "test": 30}
    assert read.labels == ("cards", "loans")
    assert set(read.ids["test"]) > {"to1", "un1"}

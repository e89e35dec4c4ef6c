"""What a refresh says or counts where little would have to go wrong: several labels, ids of both, the latest run."""

import numpy as np
import pytest

from distill.comparison.estimates import Estimate
from distill.comparison.verdict import HEADLINE, Check, Verdict
from distill.errors import ConfigError
from distill.metrics import classification, entities, relations
from distill.refreshing import corrections, drift
from distill.refreshing.named_rows import NamedRows
from distill.refreshing.never_found import ENOUGH, never_found
from distill.refreshing.promotion import passed_over


def rows(labels, ids=None, **columns):
    return NamedRows({"label": labels, **columns}, np.arange(len(labels)), ids, {})


def test_of_several_labels_of_a_row_the_order_is_no_correction_but_of_tags_it_is():
    right = {"a": ["loans", "cards"], "b": ["loans"]}
    old = {"train": rows([["cards", "loans"], ["cards"]], ["a", "b"])}
    assert corrections.Corrected(old, right, "file").summary == [("cards", "loans", 1)]
    tags = {"train": rows([["O", "PER"]], ["a"], tokens=[["in", "Ada"]])}
    assert corrections.Corrected(tags, {"a": ["PER", "O"]}, "file").summary == [("O, PER", "PER, O", 1)]


def test_ids_that_old_and_new_rows_share_are_said():
    old, new = {"train": rows(["x"], ["1"]), "test": rows(["x"], ["2"])}, {"train": rows(["x", "x"], ["2", "3"])}
    assert corrections.ids_of_both(old, new) == [
        "1 ids are of old and of new rows, such as 2: later refresh.corrections cannot tell these rows apart"
    ]
    assert corrections.ids_of_both(old, {"train": rows(["x"])}) == []


def test_rows_without_any_label_have_a_share_of_their_own():
    shift = drift._labels(rows([["cards"], ["loans"]]), rows([[], []]), "labels", (50, 0.95, 0))
    assert shift["shares"] == {"cards": (0.5, 0.0), "loans": (0.5, 0.0), "(none)": (0.0, 1.0)}
    assert shift["distance"] == pytest.approx(1.0)
    assert 0 < shift["p"] < 1


def test_another_run_than_the_latest_goes_on_only_if_that_is_wanted(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert passed_over(tmp_path / "one", allowed=False) == []
    (tmp_path / "latest").symlink_to("two")
    assert passed_over(tmp_path / "two", allowed=False) == []
    with pytest.raises(ConfigError) as error:
        passed_over(tmp_path / "one", allowed=False)
    assert str(error.value) == (
        f"run={tmp_path}/one: {tmp_path}/latest names two, with which the new run is not compared, but whose place it "
        f"would take; give run={tmp_path}/latest to go on from that, or refresh.older=true to go on from this one all "
        "the same"
    )
    assert passed_over(tmp_path / "one", allowed=True) == [
        f"{tmp_path}/latest names two, with which the new run is not compared, but whose place it may take"
    ]


def scored(said, gold, names=("cards", "loans", "fraud")):
    return classification.score(said, gold, names, ())


def test_a_new_label_that_is_never_given_holds_the_student_up():
    gold = [0] * 20 + [1] * 20 + [2] * 3
    old, new = scored([0] * 20 + [1] * 23, gold), scored([0] * 20 + [1] * 23, gold)
    missed = never_found(old, new, np.arange(43), ["fraud"], "label")
    assert missed == ["the new label fraud is never given, not to one of 3 rows"]
    assert never_found(old, scored([0] * 20 + [1] * 20 + [2] * 3, gold), np.arange(43), ["fraud"], "label") == []
    assert never_found(old, new, np.arange(43), [], "label") == []  # 3 rows are too few to say so of a known label


def test_a_label_of_which_no_new_row_is_found_holds_the_student_up_where_the_rows_are_enough():
    gold = [0] * 30 + [1] * ENOUGH
    old, new = scored(gold, gold), scored([1] + [0] * (29 + ENOUGH), gold)
    new_rows = np.arange(30, 30 + ENOUGH)
    assert never_found(old, new, new_rows, [], "label") == [
        "none of the 11 new rows of loans is found, of which the old student finds 11"
    ]
    assert never_found(old, new, new_rows[1:], [], "label") == []
    assert never_found(new, new, new_rows, [], "label") == []  # then it is no worse


def test_labels_are_known_by_the_names_under_which_metrics_count_them():
    names = ("O", "B-PER", "I-PER")
    gold = [["B-PER", "I-PER", "O"]] * 12
    nothing = entities.score([["O"] * 3] * 12, gold, names, ())
    assert never_found(nothing, nothing, np.arange(12), ["B-PER", "I-PER"], "tags") == [
        "the new label PER is never given, not to one of 12 rows"
    ]
    related = ("Cause(e1,e2)", "Cause(e2,e1)", "Other")
    other = relations.score([2] * 12, [0] * 12, related, ())
    assert never_found(other, other, np.arange(12), related[:2], "label") == [
        "the new label Cause is never given, not to one of 12 rows"
    ]


def test_a_verdict_is_held_by_what_is_never_found_before_all_else():
    check = Check(HEADLINE, "test", "accuracy", 2, 0.5, 1.0, Estimate(0.5, 0.1, 0.9, 1))
    verdict = Verdict("old", "new", "test", 0.95, 1.0, 0.05, [check], never_found=["the new label x is never given"])
    assert not verdict.passed
    assert verdict.as_text().startswith("HELD: the new label x is never given. So new does not take the place of old.")

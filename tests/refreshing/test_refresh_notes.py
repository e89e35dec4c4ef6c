"""What a refresh says or counts where little would have to go wrong: several labels, ids of both, the latest run."""

import numpy as np
import pytest

from distill.refreshing import corrections, drift
from distill.refreshing.conduct import passed_over
from distill.refreshing.named_rows import NamedRows


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


def test_another_run_that_is_the_latest_is_said_since_nothing_is_judged_against_it(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert passed_over(tmp_path / "one") == []
    (tmp_path / "latest").symlink_to("two")
    assert passed_over(tmp_path / "two") == []
    assert passed_over(tmp_path / "one") == [
        f"{tmp_path}/latest names two, with which the new run is not compared, but whose place it may take: "
        f"run={tmp_path}/latest goes on from that"
    ]

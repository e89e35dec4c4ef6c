"""``python -m distill.select``: from a model and a file of texts to a file of those to have labelled next."""

import csv
import json
import sys

import pytest
from pretrained import classifier

from distill import select
from distill.models import loading

TEXTS = [f"a {word} film of {number}" for number in range(6) for word in ("good", "bad", "slow")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Texts, some of which are labelled, and models of labels and of scores."""
    place = tmp_path_factory.mktemp("selecting")
    rows = [{"id": f"r{number}", "sentence": text} for number, text in enumerate([*TEXTS, TEXTS[0].upper()])]
    (place / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / "labelled.csv").write_text("text,label\n" + "".join(f"{text},pos\n" for text in TEXTS[:5]))
    (place / "bad.jsonl").write_text(json.dumps({"text": "a good film"}) + "\n" + json.dumps({"text": ""}) + "\n")
    model = classifier(place / "model", TEXTS, problem_type="single_label_classification")
    loading.save_form(model, {"task": "classification", "labels": ["neg", "pos"], "max_length": 16})
    tags = classifier(place / "tags", TEXTS, head="BertForTokenClassification")
    loading.save_form(tags, {"task": "token_classification", "labels": ["neg", "pos"], "max_length": 16})
    score = classifier(place / "score", TEXTS, labels=("LABEL_0",), problem_type="regression")
    loading.save_form(score, {"task": "regression", "max_length": 16})
    return place


@pytest.fixture
def selected(folder, tmp_path, monkeypatch, capsys):
    """Run the command; return what it printed and wrote."""

    def run(*arguments, model="model", source="texts.jsonl", code=0):
        given = [f"model={folder / model}", f"input={folder / source}", *arguments]
        if not any(word.startswith("output=") for word in arguments):
            given.append(f"output={tmp_path / 'next.jsonl'}")
        monkeypatch.setattr(sys, "argv", ["select", *given])
        ended = 0
        try:
            select.main()
        except SystemExit as end:
            ended = end.code
        said = capsys.readouterr()
        assert ended == code, said.err
        return said.out if code == 0 else said.err

    return run


def lines(folder):
    return [json.loads(line) for line in (folder / "next.jsonl").read_text().splitlines()]


NAMED = "columns.text=sentence"


def test_texts_are_chosen_each_once_with_what_the_model_says(selected, folder, tmp_path):
    said = selected(NAMED, "count=4")
    assert said == (
        f"4 of 18 texts by badge: {tmp_path / 'next.jsonl'}\nleft out of {folder / 'texts.jsonl'}: 1 stand twice\n"
    )
    chosen = lines(tmp_path)
    assert len({line["text"] for line in chosen}) == 4
    assert set(chosen[0]) == {"id", "text", "predicted", "uncertainty"}
    assert chosen[0]["predicted"] in ("neg", "pos")
    assert all(0 <= line["uncertainty"] <= 1 for line in chosen)


def test_the_least_sure_come_first_by_margin(selected, tmp_path):
    selected(NAMED, "count=18", "method=margin")
    doubts = [line["uncertainty"] for line in lines(tmp_path)]
    assert doubts == sorted(doubts, reverse=True)
    assert len(set(doubts)) > 5


def test_the_order_of_the_batches_changes_nothing(selected, tmp_path):
    selected(NAMED, "count=9", "batch_size=1")
    first = lines(tmp_path)
    selected(NAMED, "count=9", "batch_size=32")
    assert [line["id"] for line in lines(tmp_path)] == [line["id"] for line in first]


@pytest.mark.parametrize("method", ["coreset", "random", "entropy"])
def test_what_is_labelled_is_left_out(selected, folder, tmp_path, method):
    said = selected("columns.text=sentence", "count=100", f"method={method}", source="texts.jsonl")
    assert (
        f"18 of 18 texts by {method}: {tmp_path / 'next.jsonl'}; there are no more than that, though count=100" in said
    )
    (tmp_path / "texts.csv").write_text("text\n" + "\n".join(TEXTS) + "\n")
    said = selected(
        f"input={tmp_path / 'texts.csv'}", f"labelled={folder / 'labelled.csv'}", f"method={method}", "count=13"
    )
    assert "5 are labelled already" in said
    assert {line["text"] for line in lines(tmp_path)} == set(TEXTS[5:])


def test_scores_are_chosen_by_what_covers_them(selected, tmp_path):
    (tmp_path / "pairs.jsonl").write_text(
        "".join(json.dumps({"text": text, "pair": "a film"}) + "\n" for text in TEXTS)
    )
    said = selected(f"input={tmp_path / 'pairs.jsonl'}", "count=3", model="score")
    assert "3 of 18 texts by coreset" in said
    assert set(lines(tmp_path)[0]) == {"text", "pair", "predicted"}
    err = selected(f"input={tmp_path / 'pairs.jsonl'}", "method=margin", model="score", code=2)
    assert err == (
        "distill: method=margin: a score comes without any probability of being right; allowed is coreset or random\n"
    )


def test_a_model_of_parts_of_a_text_is_refused(selected, folder):
    err = selected(NAMED, model="tags", code=2)
    assert err == (
        f"distill: {folder / 'tags'}: texts are chosen by what a model says of each as a whole; allowed is a model of "
        "classification, pair_classification, multilabel_classification, regression\n"
    )


def test_a_table_of_texts_has_no_column_that_training_takes_for_labels(selected, tmp_path):
    selected(NAMED, "count=2", f"output={tmp_path / 'next.csv'}")
    with (tmp_path / "next.csv").open() as file:
        assert list(next(csv.DictReader(file))) == ["id", "text", "predicted", "uncertainty"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("method=best",), "method=best: allowed is null or one of badge, coreset, margin, entropy, random"),
        (("count=0",), "count=0: allowed is a whole number from 1 up"),
        (("labelled=nowhere.csv",), "nowhere.csv: there is no such file"),
        (("columns.title=a",), "columns names title; the task has text"),
        (("columns.text=title",), "line 1 of {folder}/texts.jsonl has no title; it has id, sentence"),
        ((NAMED, "output=next.docx"), "next.docx: answers are not written in this kind of file"),
        ((NAMED, "labelled={folder}/texts.jsonl"), "{folder}/texts.jsonl has no text that is not labelled already"),
        (("model={folder}",), "{folder} "),
    ],
)
def test_what_is_wrong_ends_in_a_sentence(selected, folder, arguments, sentence):
    err = selected(*(word.format(folder=folder) for word in arguments), code=2)
    assert err.startswith("distill: ")
    assert sentence.format(folder=folder) in err
    assert err.count("\n") == 1


def test_rows_that_cannot_be_used_are_refused_or_left_out(selected, folder):
    err = selected(source="bad.jsonl", code=2)
    assert f"line 2 of {folder / 'bad.jsonl'} has no text" in err
    assert "1 cannot be used" in selected("drop_bad=true", source="bad.jsonl")


def test_a_column_that_no_row_has_is_said_though_rows_may_be_left_out(selected, folder):
    err = selected("drop_bad=true", "columns.text=title", code=2)
    assert f"line 1 of {folder / 'texts.jsonl'} has no title; it has id, sentence" in err

"""``top_k`` of ``python -m distill.predict`` and of ``distill.Predictor``."""

import csv
import json

import pytest
import torch
from predicted import LABELS, SAYS, answers, inputs, jsonl
from pyarrow import parquet

from distill import Predictor
from distill.errors import ConfigError
from distill.tasks.ranking import ranked

RANKED = ("classification", "pair_classification", "multilabel_classification", "relation_extraction")


@pytest.fixture
def run(predict_command):
    return predict_command


def test_labels_are_ranked_by_softmax_or_each_by_its_own_sigmoid():
    logits = torch.tensor([[0.0, 2.0, -1.0, 2.0]])
    for kind, probabilities in (("class", logits[0].softmax(0)), ("labels", logits[0].sigmoid())):
        order = [1, 3, 0, 2]  # of two that are as likely, the first comes first
        wanted = [
            {"label": "abcd"[place], "probability": pytest.approx(probabilities[place].item())} for place in order
        ]
        assert ranked(logits.numpy(), kind, "abcd", "all") == wanted
        assert ranked(logits.numpy(), kind, "abcd", 2) == wanted[:2]
        assert ranked(logits.numpy(), kind, "abcd", 9) == wanted


@pytest.mark.parametrize("name", RANKED)
def test_each_answer_has_its_likeliest_labels_in_their_order(name, models, run, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", inputs(name))
    for top_k, count in (("all", len(LABELS[name])), ("1", 1)):
        given = (f"model={models(name)}", f"input={source}", f"output={tmp_path}/out.jsonl", f"top_k={top_k}")
        assert run(*given)[0] == 0
        for record in answers(tmp_path / "out.jsonl"):
            assert set(record) == {"id", "top", *SAYS[name]}
            likely = [entry["probability"] for entry in record["top"]]
            assert len(likely) == count
            assert likely == sorted(likely, reverse=True)
            if name == "multilabel_classification":
                named = {entry["label"]: pytest.approx(entry["probability"]) for entry in record["top"]}
                assert named.items() <= record["probabilities"].items()
            else:
                best = record["top"][0]
                assert best == {"label": record["label"], "probability": pytest.approx(record["probability"])}
                assert count == 1 or sum(likely) == pytest.approx(1)


def test_tables_have_the_labels_in_a_cell_and_parquet_as_a_list(models, run, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", [*inputs("classification"), {"text": ""}])
    for ending in ("jsonl", "csv", "parquet"):
        given = (f"model={models('classification')}", f"input={source}", f"output={tmp_path}/out.{ending}", "top_k=2")
        assert run(*given)[0] == 0
    wanted = [record.get("top") for record in answers(tmp_path / "out.jsonl")]
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [json.loads(row["top"] or "null") for row in csv.DictReader(file)] == wanted
    assert [row["top"] for row in parquet.read_table(tmp_path / "out.parquet").to_pylist()] == wanted


def test_a_predictor_ranks_labels_too(models):
    predictor = Predictor.load(models("classification"))
    answer = predictor("the tower", top_k="all")
    assert [entry["label"] for entry in answer["top"]] in (["no", "yes"], ["yes", "no"])
    assert predictor("the tower", top_k=1)["top"] == answer["top"][:1]
    assert {key: value for key, value in answer.items() if key != "top"} == predictor("the tower")
    (alone,) = predictor.predict([{"text": "the tower"}], top_k=1)
    assert alone["top"] == answer["top"][:1]


@pytest.mark.parametrize("top_k", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_labels_that_is_none_is_refused_before_anything_is_read(run, top_k):
    said = f"distill: top_k={top_k}: allowed is a whole number from 1 up, or all\n"
    assert run("model=none", "input=none.jsonl", "output=out.jsonl", f"top_k={top_k}") == (2, said)


@pytest.mark.parametrize("name", [name for name in SAYS if name not in RANKED])
def test_tasks_without_labels_of_an_example_refuse_to_rank_them(name, models, run, tmp_path):
    message = f"top_k=3: the task has no labels to rank; leave it out, or take a model of {', '.join(RANKED)}"
    source = jsonl(tmp_path / "in.jsonl", inputs(name))
    code, said = run(f"model={models(name)}", f"input={source}", f"output={tmp_path}/out.jsonl", "top_k=3")
    assert (code, said) == (2, f"distill: {message}\n")
    with pytest.raises(ConfigError, match=r"^top_k=3: the task has no labels to rank"):
        Predictor.load(models(name)).predict(inputs(name), top_k=3)

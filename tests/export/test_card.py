import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from distill.export.card import card


@pytest.fixture
def report():
    path = Path(__file__).parents[1] / "report" / "report.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_metadata_is_what_the_hub_reads(report):
    data = ModelCard(card(report, pipeline="text-classification", license="apache-2.0")).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("apache-2.0", "transformers", "text-classification")
    assert "knowledge-distillation" in data.tags
    results = {(result.dataset_split, result.metric_type): result.metric_value for result in data.eval_results}
    assert results["test", "accuracy"] == 0.87875
    assert len(results) == 6


def test_the_results_never_name_the_data_set_that_others_stand_in_for(report):
    data = ModelCard(card(report, pipeline="text-classification", license="unknown")).data
    assert {result.dataset_type for result in data.eval_results} == {"embedded-stand-in-for-sst2"}
    report["data"]["stands_in_for"] = None
    data = ModelCard(card(report, pipeline="text-classification", license="unknown")).data
    assert {result.dataset_type for result in data.eval_results} == {"sst2"}


def test_the_stand_in_is_named_at_the_top(report):
    text = card(report, pipeline="text-classification", license="unknown")
    assert text.index("This is not sst2") < text.index("## Results")
    report["data"]["stands_in_for"] = None
    assert "This is not" not in card(report, pipeline="text-classification", license="unknown")


def test_the_body_says_how_it_was_trained_and_how_to_use_it(report):
    text = card(report, pipeline="text-classification", license="unknown", folder="my/model")
    for part in (
        report["command"],
        "temperature 2",
        'pipeline("text-classification", model="my/model")',
        "truncation=True",
        "| test accuracy | 89.75 % | 87.88 % | 86.88 % |",
        "so it could be chance",
        "negative, positive",
        "The licence of these weights is not stated",
    ):
        assert part in text


def test_the_card_says_how_texts_were_scored_where_there_is_something_to_say(report):
    scored = report | {"scored_by": "BLEU|nrefs:1|tok:13a"}
    text = card(scored, pipeline=None, license="mit")
    assert text.index("## Results") < text.index("Scored by BLEU\\|nrefs:1\\|tok:13a") < text.index("## Training")
    assert "Scored by" not in card(report, pipeline=None, license="mit")


def test_names_cannot_break_the_table_or_inject_markup(report):
    report["data"]["labels"] = ["a|b", "<script>"]
    report["models"]["student"]["metrics"]["test"]["x|y"] = 0.5
    text = card(report, pipeline="text-classification", license="mit")
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "| test x\\|y |" in text


def test_a_command_with_backticks_stays_inside_its_block(report):
    report["command"] = "echo ``` x"
    assert "````bash\necho ``` x\n````" in card(report, pipeline="text-classification", license="mit")


def test_a_card_is_written_without_control_test_and_latency(report):
    report |= {"gain": None, "fidelity": None, "objective": None}
    del report["models"]["control"]
    for model in report["models"].values():
        model["latency_ms"] = None
        del model["metrics"]["test"]
    text = card(report, pipeline="text-classification", license="mit")
    assert "There is no control" in text
    assert "None" not in text
    assert "| validation accuracy | 90.12 % | 88.62 % |" in text


def test_a_card_is_written_before_anything_was_evaluated(report):
    text = card(report | {"models": {}, "gain": None, "fidelity": None}, pipeline=None, license="mit")
    assert "This run evaluated no model" in text
    assert "## Results" not in text


def test_only_the_pipeline_that_has_to_be_told_is_told_to_cut_texts(report):
    text = card(report, pipeline="token-classification", license="mit", folder="my/model")
    assert 'pipeline("token-classification", model="my/model")' in text
    assert "truncation=True" not in text


def test_a_task_that_no_pipeline_runs_is_shown_with_the_command_that_predicts(report):
    text = card(report, pipeline=None, license="mit", folder="my/model")
    assert "python -m distill.predict model=my/model input=FILE.jsonl output=ANSWERS.jsonl" in text
    assert "from transformers" not in text
    assert ModelCard(text).data.pipeline_tag is None


def test_a_model_that_reads_pairs_is_shown_with_a_pair(report):
    text = card(report, pipeline="text-classification", license="mit", folder="my/model", pairs=True)
    assert 'predict([{"text": "A text.", "text_pair": "Another text."}], truncation=True)' in text


def test_a_model_that_transformers_does_not_know_is_shown_with_the_import_it_needs(report):
    text = card(report, pipeline="text-classification", license="mit", module="distill.models.bilstm")
    assert "import distill.models.bilstm\nfrom transformers import pipeline" in text
    assert "install the package `distill` and import `distill.models.bilstm`" in text
    assert "import distill" not in card(report, pipeline="text-classification", license="mit")


def test_labels_and_notes_of_others_are_shown_escaped_on_the_card(report):
    labels = ["\x1b[31mred", "<script>", "a | b\n# Title", " ../x ", "\u202eevil"]
    report["data"] |= {"labels": labels, "notes": ["row 3 has the label \x1b[31mred"]}
    text = card(report, pipeline=None, license="mit")
    assert not set("\x1b\u202e") & set(text)
    assert "row 3 has the label \\\\x1b\\[31mred" in text
    assert "'\\\\x1b\\[31mred', \\<script\\>, 'a \\| b\\\\n\\# Title', ' ../x ', '\\\\u202eevil'." in text


def test_all_of_several_labels_are_asked_for(report):
    several = report | {"task": "multilabel_classification"}
    text = card(several, pipeline="text-classification", license="mit")
    assert 'predict(["A text.", "Another text."], truncation=True, top_k=None)' in text
    assert "top_k" not in card(report, pipeline="text-classification", license="mit")


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        ("classification", "TEXT"),
        ("regression", "TEXT OTHER_TEXT"),
        ("pair_classification", "TEXT OTHER_TEXT"),
        ("question_answering", "QUESTION CONTEXT"),
    ],
)
def test_the_arguments_of_the_script_are_said(report, task, arguments):
    asked = report | {"task": task, "exports": [{"format": "onnx", "left_out": None}]}
    assert f"as `python ask.py {arguments}`:" in card(asked, pipeline=None, license="mit")

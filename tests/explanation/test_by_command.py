"""Both commands as a user gives them, on a run that nobody has trained."""

import json
import shutil
import sys

import pytest
from predicted import TEXTS, inputs
from transformers import AutoModelForSequenceClassification, BartConfig, T5Config

from distill import counterfactuals, explain
from distill.models import loading

PARTED = [
    {"id": number, "kind": "teacher right, student wrong", "inputs": {"text": text}, "gold": "yes",
     "teacher": {}, "student": {}} for number, text in enumerate(TEXTS)
]  # fmt: skip


@pytest.fixture(scope="module")
def run(made_run):
    return made_run("classification", PARTED)


@pytest.fixture
def called(monkeypatch, capsys, tmp_path):
    def call(command, *words, code=0):
        monkeypatch.setattr(sys, "argv", ["distill", *map(str, words)])
        monkeypatch.chdir(tmp_path)
        if code:
            with pytest.raises(SystemExit) as end:
                command.main()
            assert end.value.code == code
        else:
            command.main()
        return capsys.readouterr()

    return call


def test_teacher_and_student_are_explained_where_they_part(called, run, tmp_path):
    said = called(explain, f"model={run}", "differences=2").out
    assert said.startswith(f"0: teacher right, student wrong; gold yes\n  {TEXTS[0]}\n  teacher  ")
    assert "control" not in said
    assert "Sums of tokens miss the differences by at most" in said
    assert said.endswith("page: explanation.html\n")
    page = (tmp_path / "explanation.html").read_text(encoding="utf-8")
    assert page.count('<section class="card">') == 2
    assert 'class="plus"' in page
    assert "http" not in page.replace("http-equiv", "")


def test_texts_are_explained_as_json(called, run):
    found = json.loads(called(explain, f"model={run}", "models=student,control", "--json", "steps=16", TEXTS[0]).out)
    assert found["completeness"]["not_reached"] == 0
    (example,) = found["examples"]
    assert list(example["models"]) == ["student", "control"]
    (target,) = example["models"]["student"]["targets"]
    assert [word["text"] for word in target["words"]] == TEXTS[0].split()
    assert target["sum"] == pytest.approx(sum(each["value"] for each in target["tokens"]))
    assert abs(target["sum"] - target["difference"]) == pytest.approx(target["error"], abs=1e-6)


def test_rows_of_a_file_have_their_own_labels(called, run, tmp_path):
    (tmp_path / "rows.jsonl").write_text(
        json.dumps({"sentence": TEXTS[0], "gold": "yes"})
        + "\n"
        + json.dumps({"sentence": TEXTS[1], "gold": "no"})
        + "\n"
    )
    words = ("input=rows.jsonl", "columns.text=sentence", "columns.label=gold", "--json", "steps=16")
    found = json.loads(called(explain, f"model={run}", *words).out)
    assert [each["gold"] for each in found["examples"]] == ["yes", "no"]
    assert called(explain, f"model={run}", *words[:2], "columns.label=sentence", code=2).err.startswith(
        f"distill: line 1 of rows.jsonl: sentence holds {TEXTS[0]!r}"[:40]
    )


@pytest.mark.parametrize(
    "name",
    ["pair_classification", "multilabel_classification", "regression", "token_classification", "relation_extraction"],
)
def test_models_of_other_tasks_are_explained(called, models, tmp_path, name):
    rows = "".join(json.dumps(row) + "\n" for row in inputs(name)[:2])
    (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
    found = json.loads(called(explain, f"model={models(name)}", "input=rows.jsonl", "steps=8", "--json").out)
    assert found["completeness"]["explained"] >= 2
    assert found["completeness"]["worst"] <= 0.02
    assert len(found["examples"]) == 2


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("question_answering", "an answer is two places in a window of the context, not one number"),
        ("summarization", "a text that is written is a choice for each of its tokens, not one number"),
    ],
)
def test_models_that_say_no_number_are_refused(called, models, tmp_path, name, why):
    (tmp_path / "rows.jsonl").write_text(json.dumps(inputs(name)[0]) + "\n", encoding="utf-8")
    said = called(explain, f"model={models(name)}", "input=rows.jsonl", code=2)
    assert said.err.startswith(
        f"distill: a model of {name} cannot be explained: {why}; allowed is a model of classific"
    )
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("kind", ["bart", "t5"])
def test_classifiers_that_read_their_text_twice_are_refused(called, models, tmp_path, kind):
    folder = tmp_path / kind
    shutil.copytree(models("classification"), folder)
    (folder / "model.safetensors").unlink()
    tokenizer = loading.load_tokenizer(folder)
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.sep_token_id}
    size = {"d_model": 8, "num_labels": 2, "decoder_start_token_id": tokenizer.pad_token_id, **ends}
    if kind == "bart":
        heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
        config = BartConfig(vocab_size=len(tokenizer), encoder_layers=1, decoder_layers=1, **heads, **size)
    else:
        config = T5Config(vocab_size=len(tokenizer), num_layers=1, num_heads=2, d_kv=4, d_ff=8, **size)
    loading.name_labels(config, ["no", "yes"], "class")
    loading.save(AutoModelForSequenceClassification.from_config(config), tokenizer, folder)
    said = called(explain, f"model={folder}", "task=classification", "max_length=48", TEXTS[0], code=2)
    assert f"a {kind} model reads the embeddings of its tokens " in said.err
    assert said.err.startswith("distill: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("line", ["{", '{"id": 1, "kind": "a", "gold": "yes", "inputs": {"sentence": "a"}}', "\udcff"])
def test_a_damaged_file_of_differences_is_named(called, run, tmp_path, line):
    (tmp_path / "run").mkdir()
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    report["stages"] = [{**each, "folder": str(run.parent / each["folder"])} for each in report["stages"]]
    (tmp_path / "run" / "report.json").write_text(json.dumps(report), encoding="utf-8")
    (tmp_path / "run" / "disagreements.jsonl").write_bytes(line.encode("utf-8", "surrogateescape"))
    said = called(explain, "model=run", code=2).err
    assert said == "distill: run/disagreements.jsonl is damaged; run the stage evaluate again, or give texts\n"


def test_what_is_too_inexact_is_said(called, run, tmp_path):
    words = ("steps=2", "most_steps=2", "tolerance=1e-6", TEXTS[0])
    said = called(explain, f"model={run}", *words).out
    assert "of them miss by more than tolerance=1e-06 after 2 steps, and are marked: raise most_steps." in said
    assert "not as exact as was asked for" in (tmp_path / "explanation.html").read_text(encoding="utf-8")


def test_groups_are_compared_of_teacher_student_and_control(called, run, tmp_path):
    text = (
        "lists:\n  who: {one: [Paris, Berlin], other: [nobody]}\ntemplates: ['{who} built it', 'the tower of {who}']\n"
    )
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    words = (f"model={run}", "templates=mine.yaml", "--json", "page=mine.html")
    (found,) = json.loads(called(counterfactuals, *words).out)["pairs"]
    assert (found["exchanged"], found["groups"], found["templates"], found["pairs"]) == ("who", ["one", "other"], 2, 4)
    assert set(found["models"]) == {"teacher", "student", "control"}
    assert found["models"]["teacher"]["from_teacher"] is None
    low, high = found["models"]["student"]["from_teacher"]["interval"]
    assert low <= found["models"]["student"]["from_teacher"]["value"] <= high
    assert "who, one against other: probability of yes, 4 pairs" in (tmp_path / "mine.html").read_text(encoding="utf-8")


def test_the_example_can_be_begun_with(called, run, tmp_path):
    (tmp_path / "mine.yaml").write_text(called(counterfactuals, "--example").out, encoding="utf-8")
    said = called(counterfactuals, f"model={run / '../models/distill'}", "templates=mine.yaml").out
    assert said.startswith("name, women against men: probability of yes, ")
    assert "from the teacher" not in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give model=..."),
        (("model=RUN", "--csv"), "--csv: there is --json; a text that begins like that follows after --"),
        (("model=RUN", "diferences=3"), "diferences=3: there is no such setting; a text that begins"),
        (("model=RUN", "differences=0"), "differences=0: allowed is a whole number from 1 up"),
        (("model=RUN", "steps=1"), "steps=1: allowed is a whole number from 2 up"),
        (("model=RUN", "most_steps=8"), "most_steps=8: allowed is a whole number from steps=32 up"),
        (("model=RUN", "tolerance=0"), "tolerance=0.0: allowed is a number between 0 and 1"),
        (("model=RUN", "baseline=zero"), "baseline=zero: allowed is one of mask, pad"),
        (("model=RUN", "a text", "differences=3"), "texts and differences=N: give one of them"),
        (("model=RUN", "models=students"), "models=students: the run has teacher, student, control"),
        (("model=RUN", "input=nowhere.jsonl"), "nowhere.jsonl: there is no such file"),
        (("model=RUN", "page=/proc/no/x.html", "steps=4", "a text"), "page=/proc/no/x.html cannot be written ("),
        (("model=MODEL",), "there is no disagreements.jsonl, which a run has where teacher and student part on some"),
        (("model=MODEL", "models=student", "a text"), "is no run, and has a single model"),
        (("model=nowhere", "a text"), "nowhere"),
    ],
)  # fmt: skip
def test_a_mistake_of_explaining_is_one_message(called, run, words, message):
    places = {"RUN": str(run), "MODEL": str(run.parent / "models" / "distill")}
    given = [word.replace("=RUN", f"={places['RUN']}").replace("=MODEL", f"={places['MODEL']}") for word in words]
    said = called(explain, *given, code=2)
    assert said.out == "" or "page=" in message
    assert said.err.startswith("distill: ")
    assert message in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a",), "a: give it as NAME=VALUE"),
        (("--csv",), "--csv: there are --json and --example"),
        (("templates=nowhere.yaml",), "nowhere.yaml: there is no such file"),
        (("label=maybe",), "label=maybe: there is no such label; there are no, yes"),
        (("seed=-1",), "seed=-1: allowed is a whole number from 0 up"),
    ],
)
def test_a_mistake_of_comparing_groups_is_one_message(called, run, words, message):
    said = called(counterfactuals, f"model={run}", *words, code=2)
    assert said.out == ""
    assert message in said.err

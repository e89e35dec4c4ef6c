"""``python -m distill.predict`` with tiny random models of every task."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import torch
from datasets import Dataset
from predicted import LABELS, SAYS, WORDS, answers, close, inputs, jsonl, made, of_python
from pyarrow import parquet
from safetensors.torch import load_file, save_file

from distill.data import answering
from distill.data.formats import ENDINGS
from distill.data.writing import ENDINGS as WRITTEN
from distill.errors import ConfigError, DataError
from distill.inference.predictor import Predictor
from distill.models import loading
from distill.tasks import EncodingSpec, task

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(predict_command):
    return predict_command


@pytest.mark.parametrize("name", SAYS)
def test_every_task_answers_line_by_line_in_the_order_of_the_input(name, models, run, tmp_path, monkeypatch):
    monkeypatch.setattr(answering, "AT_ONCE", 3)
    rows = inputs(name)
    source, target = jsonl(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    code, said = run(f"model={models(name)}", f"input={source}", f"output={target}", "batch_size=2")
    assert code == 0, said
    assert said.startswith("7 examples in ")
    found = answers(target)
    assert len(found) == 7
    assert all(set(record) == {"id", *SAYS[name]} for record in found)
    assert [record.pop("id") for record in found] == [1, 2, 3, 4, 5, 6, 7]
    model = Predictor.load(models(name))
    for row, record in zip(rows, found, strict=True):
        (alone,) = model.predict([row])
        assert close(alone, record)
    if name == "token_classification":
        assert [len(record["tags"]) for record in found] == [len(words) for words in WORDS]


def test_a_folder_says_how_long_an_answer_may_be(models, tmp_path):
    assert Predictor.load(models("question_answering")).form.max_answer_length == 5
    silent = made("question_answering", tmp_path, {"task": "question_answering"})
    assert Predictor.load(silent).form.max_answer_length == EncodingSpec.max_answer_length == 30


@pytest.mark.parametrize("name", ["classification", "pair_classification", "relation_extraction"])
def test_labels_are_told_by_name_not_by_the_order_of_the_outputs(name, models):
    model, rows = Predictor.load(models(name)), inputs(name)
    columns = {role: [row[role] for row in rows] for role in rows[0]} | {"key": list(range(7))}
    features = model.task.encode(columns, model.tokenizer, EncodingSpec(max_length=48))
    labels = LABELS[name]
    for number, record in enumerate(model.predict(rows)):
        ids = torch.tensor([features["input_ids"][number]])
        types = torch.tensor([features["token_type_ids"][number]])
        with torch.no_grad():
            logits = model.runtime.runtime.model(input_ids=ids, token_type_ids=types).logits[0]
        if name == "relation_extraction":  # the outputs are named backwards: second entity first
            one, other = features["positions"][number][0]
            logits = logits[one, 3:].flip(0) + logits[other, :3].flip(0)
        else:
            logits = logits.flip(0)
        assert record["label"] == labels[int(logits.argmax())]
        assert record["probability"] == pytest.approx(float(logits.softmax(0).max()), abs=1e-4)


def test_tables_in_and_out_zipped_and_under_other_names(models, run, tmp_path):
    rows = inputs("pair_classification")
    model = f"model={models('pair_classification')}"
    run(model, f"input={jsonl(tmp_path / 'in.jsonl', rows)}", f"output={tmp_path / 'out.jsonl'}")
    with gzip.open(tmp_path / "in.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("id\tone\tother\n" + "".join(f"7\t{row['text']}\t{row['pair']}\n" for row in rows))
    code, said = run(
        model, f"input={tmp_path / 'in.tsv.gz'}", f"output={tmp_path / 'out.tsv.gz'}", "columns.text=one",
        "columns.pair=other",
    )  # fmt: skip
    assert code == 0, said
    with gzip.open(tmp_path / "out.tsv.gz", "rt", encoding="utf-8") as file:
        header, *lines = [line.rstrip("\n").split("\t") for line in file]
    assert header == ["id", "label", "probability", "error"]
    wanted = answers(tmp_path / "out.jsonl")
    assert [(number, label) for number, label, *_ in lines] == [("7", record["label"]) for record in wanted]
    assert [float(likely) for _, _, likely, _ in lines] == pytest.approx([record["probability"] for record in wanted])


def test_a_column_may_have_the_name_that_it_had_in_training(run, tmp_path):
    folder = made("pair_classification", tmp_path / "model")
    known = json.loads((folder / "config.json").read_text(encoding="utf-8"))[loading.FORM]
    loading.save_form(folder, {**known, "columns": {"text": "one", "pair": "other"}})
    rows = inputs("pair_classification")
    renamed = [{"one": row["text"], "other": row["pair"]} for row in rows]
    mixed = [{**row, "text": "not this", "pair": "nor this"} for row in renamed]
    for name, given in (("plain", rows), ("renamed", renamed), ("mixed", mixed)):
        code, said = run(
            f"model={folder}", f"input={jsonl(tmp_path / name, given).rename(tmp_path / f'{name}.in.jsonl')}",
            f"output={tmp_path / f'{name}.jsonl'}",
        )  # fmt: skip
        assert code == 0, said
    assert answers(tmp_path / "plain.jsonl") == answers(tmp_path / "renamed.jsonl") == answers(tmp_path / "mixed.jsonl")
    code, said = run(
        f"model={folder}", f"input={jsonl(tmp_path / 'bad.jsonl', [{'one': 'a'}])}", f"output={tmp_path / 'x.jsonl'}"
    )
    assert code == 2
    assert "has no pair; it has one: say which is the pair with columns.pair=NAME" in said


CHAT = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "who built it ?"}]


def test_words_and_turns_in_the_cells_of_a_table(models, run, tmp_path):
    for name, role, cells, same in (
        ("token_classification", "tokens", ["the tower", '["the", "tower"]'], ["the", "tower"]),
        ("token_classification", "tokens", ["['the', 'tower']", "['the' 'tower']"], ["the", "tower"]),
        ("dialogue", "history", ["who built it ?", '["who built it ?"]'], ["who built it ?"]),
        ("dialogue", "history", [json.dumps(CHAT), str(CHAT)], ["who built it ?"]),
    ):
        source = tmp_path / f"{name}.tsv"
        source.write_text("\n".join([role, *cells]) + "\n")
        code, said = run(f"model={models(name)}", f"input={source}", f"output={tmp_path / name}.jsonl")
        assert code == 0, said
        (wanted,) = Predictor.load(models(name)).predict([{role: same}])
        assert answers(tmp_path / f"{name}.jsonl") == [{"id": 2, **wanted}, {"id": 3, **wanted}]


def test_a_text_as_people_write_it_has_entities_with_their_places(models, run, tmp_path):
    text = "the tower, (Gustave Eiffel)... built it!"
    words = ["the", "tower", ",", "(", "Gustave", "Eiffel", ")", "...", "built", "it", "!"]
    model = Predictor.load(models("token_classification"))
    source = jsonl(tmp_path / "texts.jsonl", [{"text": text, "more": 1}])
    code, said = run(f"model={models('token_classification')}", f"input={source}", f"output={tmp_path / 'a.jsonl'}")
    assert code == 0, said
    (answer,) = answers(tmp_path / "a.jsonl")
    (by_words,) = model.predict([{"tokens": words}])
    assert answer["tokens"] == words
    assert answer["tags"] == by_words["tags"]
    assert "entities" not in by_words
    assert all(text[each["start"] : each["end"]] == each["text"] for each in answer["entities"])
    assert len(answer["entities"]) >= len({tag for tag in answer["tags"] if tag[:2] == "B-"})
    assert {"id": 1, **model(text)} == answer


TURNS = "a list of texts, or of messages with role and content or from and value, is expected"
WORDS_ARE = "a list of texts is expected"


@pytest.mark.parametrize(
    ("name", "field", "message"),
    [
        ("dialogue", '"[]"', "has no history"),
        ("dialogue", "[]", "has no history"),
        ("dialogue", '["", " "]', "has an empty entry in history"),
        ("dialogue", '"[\\"who ?\\", null]"', "has an empty entry in history"),
        ("dialogue", '" "', "has no history"),
        ("dialogue", '{"who": "?"}',
         f": the column history cannot be the history: it holds objects ({{'who': '?'}}); {TURNS}"),
        ("dialogue", '[["Anna", "who ?"]]',
         f": the column history cannot be the history: it holds lists of lists ([['Anna', 'who ?']]); {TURNS}"),
        ("token_classification", '" "', "has no tokens"),
        ("token_classification", '["the", ""]', "has an empty entry in tokens"),
        ("token_classification", '["the", ["tower"]]',
         f": the column tokens cannot be the tokens: it holds lists of lists (['the', ['tower']]); {WORDS_ARE}"),
        ("token_classification", '["the", 7]',
         f": the column tokens cannot be the tokens: it holds lists of numbers (['the', 7]); {WORDS_ARE}"),
        ("token_classification", "7", f": the column tokens cannot be the tokens: it holds numbers (7); {WORDS_ARE}"),
    ],
)  # fmt: skip
def test_lists_without_a_text_are_refused_like_empty_inputs(models, run, tmp_path, name, field, message):
    (role,) = task(name).inputs
    source = jsonl(tmp_path / "in.jsonl", [{role: ["who", "built"]}, {role: json.loads(field)}])
    code, said = run(f"model={models(name)}", f"input={source}", f"output={tmp_path}/out.jsonl", "on_bad=refuse")
    assert (code, said) == (2, f"distill: line 2 of {source}{'' if message[0] == ':' else ' '}{message}\n")


def test_an_empty_list_in_the_cell_of_a_table_is_refused_like_an_empty_cell(models, run, tmp_path):
    source = tmp_path / "in.tsv"
    for cell in ("[]", ""):
        source.write_text(f"history\tn\n{cell}\t1\n")
        arguments = (f"model={models('dialogue')}", f"input={source}", f"output={tmp_path}/out.jsonl", "on_bad=refuse")
        code, said = run(*arguments)
        assert (code, said) == (2, f"distill: line 2 of {source} has no history\n")


def test_the_id_of_a_row_stands_first_in_its_answer(models, run, tmp_path):
    texts = inputs("multilabel_classification")
    ids = ["a", 7, None, [1, 2], "a", 0.5, ""]
    rows = [{**text, "id": number} for text, number in zip(texts, ids, strict=True)]
    source, model = jsonl(tmp_path / "in.jsonl", rows), f"model={models('multilabel_classification')}"
    source.write_text(source.read_text().replace("\n", "\n\n"))  # blank lines are no rows
    for ending in ("jsonl", "tsv"):
        assert run(model, f"input={source}", f"output={tmp_path}/out.{ending}")[0] == 0
    found = answers(tmp_path / "out.jsonl")
    assert [next(iter(record)) for record in found] == ["id"] * 7
    assert [record["id"] for record in found] == ids
    header, *lines = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert header == ["id", "labels", "probabilities", "error"]
    assert [cell for cell, *_ in lines] == ["a", "7", "", "[1, 2]", "a", "0.5", ""]
    for (_, labels, probabilities, _), record in zip(lines, found, strict=True):
        assert json.loads(labels) == record["labels"]
        assert json.loads(probabilities) == pytest.approx(record["probabilities"])


def test_a_tokenizer_that_cannot_tell_places_is_refused_where_a_task_asks_for_them(models, run, tmp_path):
    for name in ("token_classification", "question_answering"):
        folder = tmp_path / name
        shutil.copytree(models(name), folder)
        of_python(folder)
        source = jsonl(tmp_path / "in.jsonl", inputs(name))
        code, said = run(f"model={folder}", f"input={source}", f"output={tmp_path}/out.jsonl")
        assert code == 2
        assert said == (
            f"distill: {folder}: {name} asks where in the text a token stands, which its tokenizer, one of Python "
            "alone (BertJapaneseTokenizer), cannot tell; take a model with a tokenizer.json\n"
        )
    folder = tmp_path / "classification"
    shutil.copytree(models("classification"), folder)
    of_python(folder)
    source = jsonl(tmp_path / "in.jsonl", inputs("classification"))
    assert run(f"model={folder}", f"input={source}", f"output={tmp_path}/out.jsonl")[0] == 0


def test_a_decoder_that_fills_up_with_its_end_token_answers_in_a_batch_as_alone(models, tmp_path):
    shutil.copytree(models("dialogue"), tmp_path / "m")
    tokenizer = loading.load_tokenizer(tmp_path / "m")
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path / "m")
    model, rows = Predictor.load(tmp_path / "m"), inputs("dialogue")
    assert model.tokenizer.pad_token_id == model.tokenizer.eos_token_id
    together = model.predict(rows)
    assert together == [model.predict([row])[0] for row in rows] == Predictor.load(models("dialogue")).predict(rows)


def test_answers_come_before_the_input_ends(models, monkeypatch):
    monkeypatch.setattr(answering, "AT_ONCE", 4)
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield len(taken), {"text": "the tower"}

    stream = Predictor.load(models("classification")).stream(endless(), {}, "here")
    for number in range(9):
        assert set(next(stream)) == {"id", "label", "probability"}
        assert len(taken) == 4 * (number // 4 + 1)


def test_an_input_without_rows_has_no_answers(models, run, tmp_path):
    (tmp_path / "in.tsv").write_text("text\n")
    code, said = run(f"model={models('classification')}", f"input={tmp_path}/in.tsv", f"output={tmp_path}/out.jsonl")
    assert (code, (tmp_path / "out.jsonl").read_text()) == (0, "")
    assert said.startswith("0 examples in ")
    assert run(f"model={models('classification')}", f"input={tmp_path}/in.tsv", f"output={tmp_path}/out.csv")[0] == 0
    assert (tmp_path / "out.csv").read_text() == "id,error\n"


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("in.tsv", "good film\n", "good film: say which is the text with columns.text=NAME; where these are the first "
         "row, write a first line with a name for each column"),
        ("in.tsv", "good film\tpos\n", "good film, pos: say which is the text with columns.text=NAME"),
        ("in.csv", "x,y\n\n", "x, y: say which is the text with columns.text=NAME"),
    ],
)  # fmt: skip
def test_a_header_alone_that_lacks_the_input_is_refused(models, run, tmp_path, name, line, message):
    (tmp_path / name).write_text(line)
    code, said = run(f"model={models('classification')}", f"input={tmp_path}/{name}", f"output={tmp_path}/out.jsonl")
    assert (code, said) == (2, f"distill: {tmp_path}/{name} has no text; it has {message}\n")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_parquet_file_without_rows_needs_the_input_as_well(models, run, tmp_path):
    model, file, output = f"model={models('classification')}", tmp_path / "in.parquet", f"output={tmp_path}/out.jsonl"
    empty = pa.array([], pa.struct([("en", pa.string())]))
    parquet.write_table(pa.table({"both": empty, "id": pa.array([], pa.int64())}), file)
    code, said = run(model, f"input={file}", output)
    assert (code, said) == (
        2, f"distill: {file} has no text; it has both, id: say which is the text with columns.text=NAME\n"
    )  # fmt: skip
    assert run(model, f"input={file}", output, "columns.text=both.en")[0] == 0


@pytest.mark.parametrize(
    ("lines", "arguments", "message"),
    [
        ('{"text": "a"}\n{"txt": "a", "n": 1}\n', (),
         "line 2 of IN has no text; it has txt, n: say which is the text with columns.text=NAME"),
        ('{"text": "a"}\n\n{"text": ""}\n', (),
         "line 3 of IN has no text"),
        ('{"text": "a"}\n{"text": " \\t"}\n', (), "line 2 of IN has no text"),
        ('{"text": null}\n', (), "line 1 of IN has no text"),
        ('{"text": "a"}\n{"text": ["a", "b"]}\n', (),
         "line 2 of IN: the column text cannot be the text: it holds lists (['a', 'b']); a text is expected"),
        ('{"sentence": 3}\n', ("columns.text=sentence",),
         "line 1 of IN: the column sentence cannot be the text: it holds numbers (3); a text is expected"),
        ('{"text": "a", "id": 1}\n{"text": "b"}\n', (), "line 2 of IN has no id, unlike those before it"),
        ('{"text": "a"}\n{"text": "b", "id": 1}\n', (), "line 2 of IN has an id, unlike those before it"),
        ('{"text": "a"}\n', ("columns.text=sentence",),
         "line 1 of IN has no sentence; it has text: say which is the text with columns.text=NAME"),
        ('{"text": "a"}\n{"text": \n', (), "line 2 of IN is no JSON: Expecting value: line 1 column 10 (char 9)"),
        ('{"text": "a"}\n{"text": NaN}\n', (), "line 2 of IN has no text"),
        ('{"text": "a"}\n{"text": "é"}\n', (), "line 2 of IN is no UTF-8: byte 0xe9 at position 10; save it as "
         "UTF-8, for example, where it is of Windows, by: iconv -f CP1252 -t UTF-8"),
        ("", (), "IN is empty"),
        ('{"text": "a"}\n', ("columns.label=x",), "columns names label; the task has text"),
        ('{"text": "a"}\n', ("task=parsing",), f"task=parsing: allowed is one of {', '.join(SAYS)}"),
        ('{"text": "a"}\n', ("max_length=49",), "max_length=49: the model reads at most 48 tokens"),
        ('{"text": "a"}\n', ("batch_size=0",), "batch_size=0: allowed is a whole number from 1 up"),
    ],
)  # fmt: skip
def test_bad_inputs_end_in_one_message_and_leave_the_output_as_it_was(models, run, tmp_path, lines, arguments, message):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(lines, encoding="latin-1")
    target.write_text("before")
    given = [f"model={models('classification')}", f"input={source}", f"output={target}", "on_bad=refuse", *arguments]
    code, said = run(*given)
    assert (code, said) == (2, f"distill: {message.replace('IN', str(source))}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]
    assert target.read_text() == "before"


def test_a_text_that_no_model_reads_and_control_characters_end_in_one_plain_message(models, run, tmp_path):
    for text, said in (
        ("a" * 1_000_001, " has 1,000,001 characters in text: a text may have 1,000,000"),
        (["\x1b[31m"], ": the column text cannot be the text: it holds lists (['\\x1b[31m']); a text is expected"),
    ):
        source = jsonl(tmp_path / "in.jsonl", [{"text": text}])
        message = f"distill: line 1 of {source}{said}\n"
        given = (f"model={models('classification')}", f"input={source}", f"output={tmp_path}/out.jsonl")
        assert run(*given, "on_bad=refuse") == (2, message)


def test_files_and_folders_that_are_not_there_are_named_first(run, models, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", [{"text": "a"}])
    known = f"known are {', '.join(WRITTEN)}"
    read = f"known are {', '.join(ENDINGS)}, text also as .gz"
    model, target = f"model={models('classification')}", f"output={tmp_path}/out.jsonl"
    for arguments, message in (
        ((model, "input=none.jsonl", target), "none.jsonl: there is no such file"),
        (
            (model, f"input={source}", "output=out.md"),
            f"out.md: answers are not written in this kind of file; {known}",
        ),
        ((model, f"input={source}", "output=no/out.tsv"), "no/out.tsv: there is no folder no"),
        (
            (model, f"input={ROOT}/README.md", target),
            f"{ROOT}/README.md: unknown kind of file; {read}: give its name one of them",
        ),
        ((f"model={tmp_path}/none", f"input={source}", target), f"{tmp_path}/none: there is no such folder"),
        ((f"model={tmp_path}", f"input={source}", target), f"{tmp_path} has no config.json, so it is no model folder"),
    ):
        assert run(*arguments) == (2, f"distill: {message}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_the_input_is_not_overwritten_and_that_is_said_before_the_model_is_looked_at(run, tmp_path, monkeypatch):
    source = jsonl(tmp_path / "in.jsonl", [{"text": "a"}])
    (tmp_path / "link.jsonl").symlink_to(source)
    monkeypatch.chdir(tmp_path)
    for name in ("in.jsonl", f"../{tmp_path.name}/in.jsonl", "link.jsonl"):
        said = run("model=none", f"input={source}", f"output={name}")
        assert said == (2, f"distill: {name} is the input itself; give another file as output\n")
    assert answers(source) == [{"text": "a"}]


@pytest.mark.parametrize("name", SAYS)
def test_a_model_that_answers_no_number_is_refused_though_its_weights_are_finite(name, models, run, tmp_path):
    """Whatever would be taken for the largest of what are no numbers."""
    model = Predictor.load(models(name))
    for weight in model.runtime.runtime.model.parameters():
        weight.data.fill_(3e38)
    loading.save(model.runtime.runtime.model, model.tokenizer, tmp_path / "broken")
    loading.save_form(tmp_path / "broken", json.loads((models(name) / "config.json").read_text())["distill"])
    source = jsonl(tmp_path / "in.jsonl", inputs(name))
    message = f"line 1 of {source}: what the model says of it is no finite number"
    if task(name).writes:
        message = "the model writes by scores that are no numbers"
    said = run(f"model={tmp_path}/broken", f"input={source}", f"output={tmp_path}/o.tsv")
    assert said == (2, f"distill: {message}: is the model whole?\n")
    assert not (tmp_path / "o.tsv").exists()


def test_a_model_with_weights_that_are_no_numbers_is_refused(models, run, tmp_path):
    shutil.copytree(models("classification"), tmp_path / "broken")
    weights = load_file(tmp_path / "broken" / "model.safetensors")
    weights["classifier.bias"][0] = float("nan")
    save_file(weights, tmp_path / "broken" / "model.safetensors", {"format": "pt"})
    source = jsonl(tmp_path / "in.jsonl", [{"text": "a"}])
    assert run(f"model={tmp_path}/broken", f"input={source}", f"output={tmp_path}/o.tsv") == (
        2, f"distill: {tmp_path}/broken: the weights of classifier.bias are not finite (NaN or infinite), so a "
        "training of it went wrong: give an earlier checkpoint of it\n"
    )  # fmt: skip


def test_a_folder_that_does_not_say_its_task_or_is_broken(run, tmp_path):
    folder = made("classification", tmp_path / "m", form={})
    source, target = jsonl(tmp_path / "in.jsonl", inputs("classification")), tmp_path / "out.jsonl"
    code, said = run(f"model={folder}", f"input={source}", f"output={target}")
    tasks = ", ".join(SAYS)
    assert (code, said) == (2, f"distill: {folder} does not say what it predicts; give it as task=NAME: {tasks}\n")
    code, said = run(f"model={folder}", f"input={source}", f"output={target}", "task=classification")
    assert code == 0, said  # labels are the outputs' names, texts as long as the model reads
    code, said = run(f"model={folder}", f"input={source}", f"output={target}", "task=relation_extraction")
    assert (code, said) == (2, f"distill: {folder} does not say which labels it predicts\n")
    (folder / "config.json").write_text("{")
    code, said = run(f"model={folder}", f"input={source}", f"output={target}", "task=classification")
    reason = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    assert (code, said) == (2, f"distill: {folder}/config.json cannot be read: it is no JSON ({reason})\n")


def test_a_relation_without_its_marks_is_refused(run, models, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", [{"text": "<e1>a</e1> b"}])
    arguments = (f"model={models('relation_extraction')}", f"output={tmp_path}/out.tsv", "on_bad=refuse")
    code, said = run(f"input={source}", *arguments)
    assert (code, said) == (2, f"distill: line 1 of {source} has <e2> 0 times, not once: '<e1>a</e1> b'\n")
    source = jsonl(tmp_path / "in.jsonl", [{"text": "</e1> far <e1>a <e2>b</e2>"}])
    code, said = run(f"input={source}", *arguments)
    assert (code, said) == (
        2,
        f"distill: line 1 of {source} closes an entity before it opens it: '</e1> far <e1>a <e2>b</e2>'\n",
    )


def test_a_dialogue_needs_more_room_than_its_reply(run, models, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", inputs("dialogue"))
    code, said = run(f"model={models('dialogue')}", f"input={source}", f"output={tmp_path}/o.tsv", "max_length=8")
    assert (code, said) == (2, "distill: max_length=8: a reply alone may have 8 tokens\n")


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (("model=a", "input=b"), "give output=..."),
        (
            ("model=a", "inputs=b"),
            "inputs: unknown setting; did you mean input? there are model, input, output, "
            "input_format, output_format, columns, on_bad, top_k, threshold, batch_size, format, task, max_length",
        ),
        (("model", "input=b"), "model: give it as NAME=VALUE"),
        (("batch_size=two",), "batch_size=two: allowed is a whole number from 1 up"),
        (("model=a", "input=[b", "output=c.tsv"), "[b: there is no such file"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(run, arguments, first):
    code, said = run(*arguments)
    assert (code, said.splitlines()[0]) == (2, f"distill: {first}")


def test_examples_in_python_are_mappings_tuples_or_the_only_input(models):
    model = Predictor.load(models("classification"))
    (row,) = inputs("classification")[:1]
    assert model.predict([row, (row["text"],), row["text"]]) == 3 * model.predict([row])
    assert model.predict([]) == []
    pairs = Predictor.load(models("pair_classification"))
    (pair,) = inputs("pair_classification")[:1]
    assert pairs.predict([tuple(pair[role] for role in pairs.task.inputs)]) == pairs.predict([pair])


SEVERAL = (
    "has a list for text, which is one text: give several examples to predict, as a list of them, and the sentences of "
    "one text joined by spaces"
)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (pd.DataFrame({"id": [1, 2, 3], "text": ["a b", "c d", "e f"]}), 'to_dict("records")'),
        (pa.table({"text": ["a b", "c d"]}), "to_pylist()"),
    ],
)
def test_a_table_is_not_answered_by_the_names_of_its_columns(models, table, rows):
    said = f"predict takes a list of examples, and this is a table: give its rows, {rows}, or the column of texts"
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        Predictor.load(models("classification")).predict(table)


def test_rows_of_tables_in_memory_are_examples(models):
    model, table = Predictor.load(models("classification")), pd.DataFrame({"text": ["a b", "c d"]})
    answers = model.predict(["a b", "c d"])
    assert model.predict(table["text"]) == model.predict(table.to_dict("records")) == answers
    assert model.predict(Dataset.from_pandas(table)) == answers


def test_a_list_of_texts_is_not_one_text_to_a_call(models):
    with pytest.raises(DataError, match=f"^{re.escape(f'the example {SEVERAL}')}$"):
        Predictor.load(models("classification"))(["a good film", "a bad film"])


def test_sentences_that_are_joined_in_prediction_are_said_once(models, run, tmp_path, caplog):
    said = "text holds lists of sentences: joined by spaces, each is one text"
    row = {"text": ["Anna saw it .", "It was long ."]}
    model = Predictor.load(models("classification"))
    assert model.predict([row, row]) == model.predict(2 * [" ".join(row["text"])])
    assert [record.message for record in caplog.records] == [said]
    caplog.clear()
    (tmp_path / "in.jsonl").write_text(3 * f"{json.dumps(row)}\n")
    assert (
        run(f"model={models('classification')}", f"input={tmp_path}/in.jsonl", f"output={tmp_path}/out.jsonl")[0] == 0
    )
    assert [record.message for record in caplog.records] == [said]


def test_what_is_no_example_in_python_is_told_by_its_place(models):
    model = Predictor.load(models("classification"))
    for examples, said in (
        ("a text", "predict takes a list of examples: for one, call the predictor itself"),
        (
            {"text": ["a"]},
            "predict takes a list of examples, and this is a mapping: give one for each example, in a list",
        ),
        (None, "predict takes a list of examples, in the order of its answers: NoneType is none"),
        ({"a", "b"}, "predict takes a list of examples, in the order of its answers: set is none"),
        ([["a b", "c d"]], f"example 1 {SEVERAL}"),
        (["a text", {"txt": "a"}], "example 2 has no text; it has txt"),
        ([("a", "b")], "example 1: give text, which the model reads, and nothing else"),
        ([None], "example 1 has no text"),
        ([3], "example 1: the column text cannot be the text: it holds numbers (3); a text is expected"),
        (["\udc80"], "example 1 has half of a pair of surrogates in text, '\\udc80', which is no text"),
    ):
        with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
            model.predict(examples)


@pytest.mark.parametrize("given", [{"batch_size": 0}, {"batch_size": True}, {"batch_size": 1.5}, {"max_length": "5"}])
def test_numbers_of_a_predictor_are_whole(models, given):
    ((name, value),) = given.items()
    with pytest.raises(ConfigError, match=f"^{name}={re.escape(repr(value))}: allowed is a whole number"):
        Predictor.load(models("classification"), **given)


def test_control_c_leaves_nothing_behind(models, run, tmp_path, monkeypatch):
    def interrupted(*_, refuse, top_k):
        yield {"id": 1, "label": "no", "probability": 0.5}
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "stream", interrupted)
    source = jsonl(tmp_path / "in.jsonl", inputs("classification"))
    code, said = run(f"model={models('classification')}", f"input={source}", f"output={tmp_path}/out.jsonl")
    assert (code, said) == (130, "distill: interrupted; nothing was written\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_help_and_a_typing_error_import_nothing_heavy():
    program = (
        "import sys; from distill import predict; sys.argv[1:] = sys.argv[1].split()\n"
        "try: predict.main()\n"
        "finally: print({name for name in ('torch', 'transformers', 'datasets', 'numpy') if name in sys.modules})"
    )
    for arguments, code in (("--help", 0), ("model=a input=none.tsv output=b.tsv", 2)):
        done = subprocess.run([sys.executable, "-c", program, arguments], cwd=ROOT, text=True, capture_output=True)
        assert done.returncode == code, done.stderr
        assert done.stdout.splitlines()[-1] == "set()"
        assert ("columns.X" in done.stdout) == (code == 0)

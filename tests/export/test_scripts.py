"""The scripts of the model card, run as they are printed where neither PyTorch nor transformers can be imported."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from small_bundles import LABELS, SIZE, TEXTS, bundle
from transformers import XLMRobertaConfig, XLMRobertaTokenizer, pipeline

from distill.export import scripts
from distill.export.card import card
from distill.inference.predictor import Predictor
from distill.models.tokenizer_training import train_bytes

WITHOUT = """
import json, runpy, sys
sys.modules.update(dict.fromkeys(("torch", "transformers", "distill", "onnx")))
sys.argv = sys.argv[1:]
left = runpy.run_path(sys.argv[0])
print(json.dumps(left["logits"].tolist()))
"""
ASKED = {
    "classification": ("Anna saw the old film .",),
    "pair_classification": ("Anna saw the old film .", "Mary lives in Peru"),
    "multilabel_classification": ("a river near Rome",),
    "regression": ("the tower of Paris", "a tower"),
    "token_classification": ("Mary lives in Rome , near the river .",),
    "relation_extraction": ("but <e1>Mary</e1> left <e2>Rome</e2> early",),
    "question_answering": ("who wrote the letter ?", "Anna lives in Rome . Mary wrote it ."),
}


def run(folder, task, *texts):
    """What the script prints, and the logits that it ends with."""
    script = folder.parent / "ask.py"
    script.write_text(scripts.python(task, str(folder)), encoding="utf-8")
    command = [sys.executable, "-c", WITHOUT, script, *texts]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    printed, logits = done.stdout.splitlines()
    return json.loads(printed), np.array(logits and json.loads(logits))


def refused(folder, task, *texts):
    """What the script says of texts that it does not answer."""
    script = folder.parent / "ask.py"
    script.write_text(scripts.python(task, str(folder)), encoding="utf-8")
    done = subprocess.run([sys.executable, script, *texts], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def asked(folder, *texts):
    """What the student says with PyTorch, and its rows of logits."""
    predictor = Predictor.load(folder, format="torch")
    roles = ("question", "context") if "context" in predictor.task.inputs else predictor.task.inputs
    row = dict(zip(roles, texts, strict=True))
    row = {role: value.split() if role == "tokens" else value for role, value in row.items()}
    columns = {**{role: [value] for role, value in row.items()}, "key": [0]}
    features = predictor.task.encode(columns, predictor.tokenizer, predictor.form)
    rows = predictor.ask(features)
    (answer,) = predictor.predict([row])
    return answer, rows, features


@pytest.mark.parametrize("task", ["classification", "pair_classification", "relation_extraction"])
def test_the_script_gives_the_students_label_and_probability(tmp_path, task):
    folder, _ = bundle(tmp_path, task)
    printed, logits = run(folder, task, *ASKED[task])
    answer, (rows,), _ = asked(folder, *ASKED[task])
    np.testing.assert_allclose(logits, rows[0], rtol=0, atol=1e-4)
    assert printed == {"label": answer["label"], "probability": pytest.approx(answer["probability"], abs=1e-4)}
    assert printed["label"] in LABELS[task]


def test_the_script_gives_each_label_that_is_likelier_than_its_threshold(tmp_path):
    folder, _ = bundle(tmp_path, "multilabel_classification")
    given = {}
    for threshold in (0.5, 0.3):
        path = folder / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        config["distill"]["threshold"] = threshold
        path.write_text(json.dumps(config), encoding="utf-8")
        printed, logits = run(folder, "multilabel_classification", *ASKED["multilabel_classification"])
        answer, (rows,), _ = asked(folder, *ASKED["multilabel_classification"])
        np.testing.assert_allclose(logits, rows[0], rtol=0, atol=1e-4)
        assert printed["labels"] == answer["labels"]
        assert printed["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-4)
        given[threshold] = printed["labels"]
    likely = [name for name, each in printed["probabilities"].items() if each > 0.3]
    assert given[0.3] == likely
    assert len(given[0.5]) < len(likely)


def test_the_script_gives_the_students_score(tmp_path):
    folder, _ = bundle(tmp_path, "regression")
    printed, logits = run(folder, "regression", *ASKED["regression"])
    answer, (rows,), _ = asked(folder, *ASKED["regression"])
    np.testing.assert_allclose(logits, rows[0], rtol=0, atol=1e-4)
    assert printed == {"score": pytest.approx(answer["score"], abs=1e-4)}


def spans(tags, text):
    """The entities of tags in IOB2, with where they stand in a text of words with spaces between them."""
    places = [word.span() for word in re.finditer(r"\S+", text)]
    found, before = [], "O"
    for tag, (start, end) in zip(tags, places, strict=True):
        if tag != "O" and tag[:2] == "I-" and before[2:] == tag[2:]:
            found[-1]["end"] = end
        elif tag != "O":
            found.append({"entity": tag[2:], "start": start, "end": end})
        before = tag
    return found


def byte_level():
    return train_bytes([*ASKED["token_classification"]] * 3, vocab_size=300, max_length=32)


@pytest.mark.parametrize("tokenizer", [None, byte_level], ids=["pieces", "bytes"])
def test_the_script_gives_entities_with_their_places_in_the_text(tmp_path, tokenizer):
    folder, _ = bundle(tmp_path, "token_classification", tokenizer=tokenizer and tokenizer())
    (text,) = ASKED["token_classification"]
    printed, logits = run(folder, "token_classification", text.replace(" , ", "  ,\t"))
    answer, (rows,), features = asked(folder, text)
    np.testing.assert_allclose(logits[features["positions"][0]], rows, rtol=0, atol=1e-4)
    assert printed == spans(answer["tags"], text.replace(" , ", "  ,\t"))
    assert printed


@pytest.mark.parametrize(
    "text", ["हिन्दी में नमस्ते।", "snake_case _x_ (Rome)", "她住在 Rome。", "don't e\u0301te\u0301 ..."]
)
def test_the_script_splits_a_text_of_any_script_as_the_package_does(tmp_path, text):
    folder, _ = bundle(tmp_path, "token_classification", tokenizer=byte_level())
    printed, _ = run(folder, "token_classification", text)
    said = Predictor.load(folder, format="torch")(text)
    assert printed == [{name: each[name] for name in ("entity", "start", "end")} for each in said["entities"]]
    assert printed


def test_the_script_reads_words_of_a_long_text_in_windows_that_overlap(tmp_path):
    folder, _ = bundle(tmp_path, "token_classification")
    (text,) = ASKED["token_classification"]
    printed, _ = run(folder, "token_classification", " ".join([text] * 6))
    assert max(each["end"] for each in printed) > len(text) * 4


@pytest.mark.parametrize("unanswerable", [False, True])
@pytest.mark.parametrize("times", [1, 6])
def test_the_script_gives_the_span_of_an_answer_over_all_windows(tmp_path, unanswerable, times):
    folder, _ = bundle(tmp_path, "question_answering", unanswerable=unanswerable)
    question, context = ASKED["question_answering"]
    printed, logits = run(folder, "question_answering", question, " ".join([context] * times))
    answer, rows, features = asked(folder, question, " ".join([context] * times))
    assert (len(rows) > 1) == (times > 1)
    tokens = len(features["input_ids"][-1])
    np.testing.assert_allclose(logits, rows[-1][:, :tokens], rtol=0, atol=1e-4)
    assert printed == {"answer": answer["answer"], "probability": pytest.approx(answer["probability"], abs=1e-4)}


def test_no_answer_is_printed_where_that_scores_above_every_span(tmp_path):
    folder, _ = bundle(tmp_path, "question_answering", unanswerable=True)
    predictor = Predictor.load(folder, format="torch")
    pairs = [(question, context) for question in TEXTS for context in " ".join(TEXTS).split()]
    said = predictor.predict([{"question": question, "context": context} for question, context in pairs])
    chosen = {bool(answer["answer"]): (pair, answer) for pair, answer in zip(pairs, said, strict=True)}
    assert set(chosen) == {True, False}
    for pair, answer in chosen.values():
        printed, _ = run(folder, "question_answering", *pair)
        assert printed == {"answer": answer["answer"], "probability": pytest.approx(answer["probability"], abs=1e-4)}


def test_a_text_that_spells_a_special_token_is_text_to_the_script(tmp_path):
    folder, _ = bundle(tmp_path, "classification")
    text = "Anna [SEP] saw [MASK] the [PAD] film"
    _, logits = run(folder, "classification", text)
    _, (rows,), features = asked(folder, text)
    np.testing.assert_allclose(logits, rows[0], rtol=0, atol=1e-4)
    assert len(features["input_ids"][0]) > 10


def test_pieces_of_unigram_are_read_as_the_student_reads_them(tmp_path):
    pieces = [(each, 0.0) for each in ("<s>", "<pad>", "</s>", "<unk>")]
    letters = [(mark + letter, -5.0) for mark in ("", "\u2581") for letter in "abcdefghijklmnopqrstuvwxyz</>.,"]
    tokenizer = XLMRobertaTokenizer(vocab=[*pieces, ("\u2581", -4.0), *letters, ("<mask>", 0.0)])
    size = {**SIZE, "max_position_embeddings": 66}
    folder, _ = bundle(
        tmp_path, "classification", lambda known: XLMRobertaConfig(vocab_size=len(known), **size), tokenizer=tokenizer
    )
    text = "an old </s> film , <mask> ."
    _, logits = run(folder, "classification", text)
    _, (rows,), features = asked(folder, text)
    np.testing.assert_allclose(logits, rows[0], rtol=0, atol=1e-4)
    assert features["input_ids"][0].count(tokenizer.eos_token_id) == 1


def test_a_text_beyond_the_limit_is_cut_by_the_script(tmp_path):
    folder, _ = bundle(tmp_path, "classification")
    text = "the old film " * 40
    _, logits = run(folder, "classification", text)
    _, (rows,), features = asked(folder, text)
    assert len(features["input_ids"][0]) == 32
    np.testing.assert_allclose(logits, rows[0], rtol=0, atol=1e-4)


FAR = " ".join(["the old film ."] * 12)


@pytest.mark.parametrize(
    "text",
    [
        f"<e1>Anna</e1> saw {FAR} near <e2>Rome</e2>",
        f"{FAR} <e2>Rome</e2> , a city near <e1>Mary</e1> . {FAR}",
        f"the <e1>tower of <e2>Paris</e2> in Peru</e1> {FAR}",
        f"{FAR}<e1>Mary</e1><e2>Rome</e2>",
    ],
    ids=["apart", "together", "one in the other", "in one word"],
)
def test_of_a_long_text_the_words_nearest_to_the_entities_answer(tmp_path, text):
    folder, _ = bundle(tmp_path, "relation_extraction")
    printed, logits = run(folder, "relation_extraction", text)
    answer, (rows,), features = asked(folder, text)
    assert features["cut"] == [True]
    np.testing.assert_allclose(logits, rows[0], rtol=0, atol=1e-4)
    assert printed["label"] == answer["label"]


UNMARKED = "mark both entities, each once, such as: <e1>Rome</e1> is the capital of <e2>Italy</e2>\n"

WITHOUT_TEXTS = {
    "classification": "give a text that is not empty\n",
    "pair_classification": "give two texts that are not empty\n",
    "multilabel_classification": "give a text that is not empty\n",
    "regression": "give two texts that are not empty\n",
    "token_classification": "give a text\n",
    "relation_extraction": UNMARKED,
    "question_answering": "give a question and a context that are not empty\n",
}


@pytest.mark.parametrize(
    ("task", "texts", "message"),
    [
        ("classification", (" ",), "give a text that is not empty\n"),
        *((task, (), message) for task, message in WITHOUT_TEXTS.items()),
        ("pair_classification", ("a film",), "give two texts that are not empty\n"),
        ("token_classification", (" ",), "give a text\n"),
        ("question_answering", ("who ?",), "give a question and a context that are not empty\n"),
        ("pair_classification", ("a film", ""), "give two texts that are not empty\n"),
        ("relation_extraction", ("Mary left Rome",), UNMARKED),
        ("relation_extraction", ("<e1>Mary</e1> left <e2>Rome</e2> for <e2>Peru</e2>",), UNMARKED),
        ("relation_extraction", ("</e1>Mary<e1> left <e2>Rome</e2>",), UNMARKED),
        ("relation_extraction", ("<e1>Mary</e1> left <e2> </e2>",), UNMARKED),
        ("relation_extraction", (f"<e1>{FAR}</e1> left <e2>Rome</e2>",),
         "there is no room for both entities: the model reads 32 tokens\n"),
        ("question_answering", ("", "Anna lives in Rome ."), "give a question and a context that are not empty\n"),
        ("question_answering", ("who ?", " "), "give a question and a context that are not empty\n"),
    ],
)  # fmt: skip
def test_texts_that_the_script_cannot_answer_are_told_in_a_sentence(tmp_path, task, texts, message):
    folder, _ = bundle(tmp_path, task)
    assert refused(folder, task, *texts) == message


@pytest.mark.parametrize("unanswerable", [False, True])
@pytest.mark.parametrize("texts", [("\u200b", "Anna lives in Rome ."), ("who ?", "\u200b")])
def test_questions_and_contexts_without_a_token_are_answered_as_the_student_answers_them(tmp_path, unanswerable, texts):
    folder, _ = bundle(tmp_path, "question_answering", unanswerable=unanswerable)
    printed, _ = run(folder, "question_answering", *texts)
    answer = Predictor.load(folder, format="torch")(*reversed(texts))
    assert printed == {"answer": answer["answer"], "probability": pytest.approx(answer["probability"], abs=1e-4)}


def test_each_script_has_thirty_lines_at_most_and_only_tasks_that_read_have_one():
    written = {task: scripts.python(task, "here") for task in (*LABELS, "translation", "summarization", "dialogue")}
    assert [task for task, script in written.items() if script is None] == ["translation", "summarization", "dialogue"]
    for task in LABELS:
        lines = written[task].splitlines()
        assert len(lines) <= 30
        assert max(map(len, lines)) <= 120
        compile(written[task], task, "exec")
        assert {line.split()[0] for line in lines if "import" in line} == {"import"}
        used = {name for name in ("json", "pathlib", "re", "sys") if f"{name}." in "\n".join(lines[2:])}
        assert lines[0] == f"import {', '.join(sorted(used))}"
        assert lines[1] == "import numpy as np, onnxruntime, tokenizers"


def report():
    path = Path(__file__).parents[1] / "report" / "report.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_card_prints_the_scripts_of_a_graph_that_is_there_and_no_others():
    content = {**report(), "task": "classification"}
    exported = {**content["exports"][0], "format": "onnx", "left_out": None}
    text = card({**content, "exports": [exported]}, pipeline="text-classification", license="mit", folder='a"b')
    assert f"```python\n{scripts.python('classification', 'a' + chr(34) + 'b')}```" in text
    assert f"```javascript\n{scripts.javascript('classification', 'a' + chr(34) + 'b')}```" in text
    assert 'pathlib.Path("a\\"b")' in text
    assert "q8" not in text
    rounded = [exported, {**exported, "format": "onnx_int8"}]
    assert '`dtype: "q8"` takes the graph' in card({**content, "exports": rounded}, pipeline=None, license="mit")
    own = card({**content, "exports": [exported]}, pipeline=None, license="mit", module="distill.models.bilstm")
    assert "onnxruntime" in own
    assert "transformers.js" not in own
    for without in ([], [{**exported, "left_out": "it cannot be traced"}], [{**exported, "format": "huggingface"}]):
        assert "onnxruntime" not in card({**content, "exports": without}, pipeline=None, license="mit")


def test_the_pipeline_of_transformers_gives_the_logits_of_the_graph(tmp_path):
    for task, kind in (("classification", "text-classification"), ("multilabel_classification", "text-classification")):
        folder, _ = bundle(tmp_path / task, task)
        predict = pipeline(kind, model=str(folder), top_k=None, function_to_apply="none")
        given = {each["label"]: each["score"] for each in predict([*ASKED[task]])[0]}
        _, logits = run(folder, task, *ASKED[task])
        np.testing.assert_allclose([given[label] for label in LABELS[task]], logits, rtol=0, atol=1e-4)


def test_the_pipeline_of_transformers_tags_with_the_logits_of_the_graph(tmp_path):
    folder, _ = bundle(tmp_path, "token_classification")
    predict = pipeline("token-classification", model=str(folder), ignore_labels=[])
    text = "Mary lives in Rome"
    tokens = predict(text)
    _, logits = run(folder, "token_classification", text)
    probabilities = torch.tensor(logits)[1:-1].softmax(dim=-1)
    np.testing.assert_allclose([each["score"] for each in tokens], probabilities.amax(dim=-1), rtol=0, atol=1e-4)
    assert [each["entity"] for each in tokens] == [
        LABELS["token_classification"][number] for number in probabilities.argmax(dim=-1)
    ]

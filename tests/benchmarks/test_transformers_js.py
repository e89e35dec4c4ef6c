"""Bundles are read from disk by transformers.js under Node, and answer as the student does in PyTorch.

It takes node and npm, and fetches half a gigabyte of packages: run it with
``python -m pytest -q tests/benchmarks/test_transformers_js.py``. ``TRANSFORMERS_JS`` names a folder in which
``npm install @huggingface/transformers`` was done, and is not done again.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "export"))
from small_bundles import bundle

from distill.export import scripts
from distill.inference.onnx_session import OnnxSession
from distill.inference.predictor import Predictor

ASK = """
import { AutoModelForQuestionAnswering, AutoModelForSequenceClassification, AutoModelForTokenClassification,
         AutoTokenizer } from "@huggingface/transformers";
const [folder, kind, dtype, ...texts] = process.argv.slice(2);
const heads = { AutoModelForQuestionAnswering, AutoModelForSequenceClassification, AutoModelForTokenClassification };
const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
const model = await heads[kind].from_pretrained(folder, { dtype, local_files_only: true });
const inputs = tokenizer(texts[0], { text_pair: texts[1] ?? null, return_token_type_ids: true });
const answer = await model(inputs);
const logits = answer.logits ?? null;
console.log(JSON.stringify({
  ids: inputs.input_ids.tolist().map((row) => row.map(Number)),
  logits: logits ? logits.tolist()[0] : null,
  start: answer.start_logits?.tolist()[0] ?? null, end: answer.end_logits?.tolist()[0] ?? null,
}));
"""
WEB = """
import * as ort from "onnxruntime-web";
const [file, names, ids] = process.argv.slice(2);
const session = await ort.InferenceSession.create(file);
const row = JSON.parse(ids);
const given = (name) => row.map((each) => BigInt(name === "input_ids" ? each : Number(name === "attention_mask")));
const feeds = Object.fromEntries(JSON.parse(names).map((name) => [name,
  new ort.Tensor("int64", BigInt64Array.from(given(name)), [1, row.length])]));
console.log(JSON.stringify([...(await session.run(feeds)).logits.data]));
"""
TASKS = {
    "classification": ["Anna saw the old film ."],
    "pair_classification": ["Anna saw the old film .", "Mary lives in Peru"],
    "token_classification": ["Mary lives in Rome , near the river ."],
    "question_answering": ["who wrote it ?", "Anna lives in Rome . Mary wrote it ."],
}
PAIRS = ("pair_classification", "regression")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Runs a program with transformers.js beside it, and returns what it prints."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node or npm is not installed")
    folder = Path(os.environ.get("TRANSFORMERS_JS") or tmp_path_factory.mktemp("js"))
    if not (folder / "node_modules" / "@huggingface" / "transformers").is_dir():
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "@huggingface/transformers"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot fetch transformers.js: {done.stderr.strip().splitlines()[-1]}")

    def run(program, *arguments):
        path = folder / "program.mjs"
        path.write_text(program, encoding="utf-8")
        command = ["node", str(path), *map(str, arguments)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def expected(folder, texts, file="model.onnx"):
    """The tokens of some texts, and the logits of PyTorch; of the file in 8 bits those of ONNX Runtime in Python."""
    predictor = Predictor.load(folder, format="torch")
    inputs = dict(predictor.tokenizer(*texts, return_tensors="np"))
    if file == "model.onnx":
        logits = predictor.runtime.logits(inputs)
    else:
        logits = OnnxSession.open(folder / "onnx" / file).run(inputs)
    return inputs["input_ids"].tolist(), logits[0]


def numbers(printed):
    """The numbers with decimals in what a script prints."""
    return [float(number) for number in re.findall(r"-?\d+\.\d+", printed)]


@pytest.mark.parametrize("task", TASKS)
def test_transformers_js_gives_the_students_logits(tmp_path, node, task):
    folder, setup = bundle(tmp_path, task)
    ids, logits = expected(folder, TASKS[task])
    answer = json.loads(node(ASK, folder, setup.task.head, "fp32", *TASKS[task]))
    assert answer["ids"] == ids
    given = answer["logits"] or list(zip(answer["start"], answer["end"], strict=True))
    np.testing.assert_allclose(given, logits, rtol=0, atol=1e-4)


@pytest.mark.parametrize("task", ["classification", "token_classification", "question_answering"])
def test_transformers_js_takes_the_graph_in_8_bits(tmp_path, node, task):
    folder, setup = bundle(tmp_path, task, formats=("huggingface", "onnx", "onnx_int8"))
    ids, logits = expected(folder, TASKS[task], "model_quantized.onnx")
    answer = json.loads(node(ASK, folder, setup.task.head, "q8", *TASKS[task]))
    assert answer["ids"] == ids
    given = answer["logits"] or list(zip(answer["start"], answer["end"], strict=True))
    np.testing.assert_allclose(given, logits, rtol=0, atol=1e-3 * np.abs(logits).max())


@pytest.mark.parametrize("file", ["model.onnx", "model_quantized.onnx"])
def test_onnx_runtime_of_browsers_opens_both_graphs(tmp_path, node, file):
    folder, _ = bundle(tmp_path, "classification", formats=("huggingface", "onnx", "onnx_int8"))
    ids, logits = expected(folder, TASKS["classification"], file)
    names = list(OnnxSession.open(folder / "onnx" / file).inputs)
    answer = json.loads(node(WEB, folder / "onnx" / file, json.dumps(names), json.dumps(ids[0])))
    np.testing.assert_allclose(answer, logits, rtol=0, atol=1e-4 if file == "model.onnx" else 1e-3)


@pytest.mark.parametrize(
    "task", [task for task in (*TASKS, "multilabel_classification", "regression") if scripts.javascript(task, "")]
)
def test_the_script_of_the_card_runs_as_it_is_printed(tmp_path, node, task):
    folder, _ = bundle(tmp_path, task)
    printed = node(scripts.javascript(task, str(folder)))
    texts = ("A context.", "A question?") if task == "question_answering" else ("A text.", "Another text.")
    answer = Predictor.load(folder, format="torch")(*texts[: 1 + (task in (*PAIRS, "question_answering"))])
    if task in PAIRS:
        assert min(abs(each - answer.get("probability", answer.get("score"))) for each in numbers(printed)) < 1e-4
    elif task == "classification":
        assert f"label: '{answer['label']}'" in printed
        assert numbers(printed) == [pytest.approx(answer["probability"], abs=1e-4)]
    elif task == "multilabel_classification":
        assert sorted(numbers(printed)) == pytest.approx(sorted(answer["probabilities"].values()), abs=1e-4)
    elif task == "token_classification":
        assert re.findall(r"entity: '(.*?)'", printed)
    else:
        assert re.findall(r"answer: '(.*?)'", printed)

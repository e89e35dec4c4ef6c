"""``python -m distill.predict`` where neither torch nor any other library of training is installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from predicted import answers, close, inputs, jsonl

from distill import Predictor

ROOT = Path(__file__).parents[1]
WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing = set(sys.argv.pop(1).split(","))
sys.meta_path.insert(0, Missing())
from distill.predict import main
main()
"""
TRAINING = (
    "torch,transformers,datasets,pytorch_lightning,lightning,lightning_utilities,torchmetrics,peft,wandb,hydra,pyarrow,"
    "pandas,sklearn,scipy,matplotlib,safetensors,huggingface_hub,onnx,onnxscript,sentencepiece,seqeval,sacrebleu,"
    "rouge_score,jinja2,filelock,tqdm"
)


def without(*arguments, missing=TRAINING):
    """The exit code of the command in an environment that lacks some packages, and what it says."""
    command = [sys.executable, "-c", WITHOUT, missing, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["classification", "token_classification", "question_answering"])
def test_answers_are_those_of_torch(name, bundles, tmp_path):
    source, target = jsonl(tmp_path / "in.jsonl", inputs(name)), tmp_path / "out.jsonl"
    code, said = without(f"model={bundles(name)}", f"input={source}", f"output={target}", "format=onnx")
    assert code == 0, said
    wanted = Predictor.load(bundles(name), format="torch").predict(inputs(name))
    numbered = [{"id": number, **answer} for number, answer in enumerate(wanted, 1)]
    assert len(answers(target)) == len(wanted)
    assert all(map(close, json.loads(json.dumps(numbered)), answers(target)))


def test_texts_and_tables_are_read_and_written(bundles, tmp_path):
    texts = [row["text"] for row in inputs("classification")]
    (tmp_path / "in.txt").write_text("\n".join(texts) + "\n")
    (tmp_path / "in.csv").write_text("text\n" + "\n".join(f'"{text}"' for text in texts) + "\n")
    written = set()
    for ending in ("txt", "csv"):
        target = tmp_path / f"out_{ending}.tsv"
        given = (f"model={bundles('classification')}", f"input={tmp_path}/in.{ending}", f"output={target}")
        code, said = without(*given, "format=onnx", "top_k=all")
        assert code == 0, said
        written.add("\n".join(line.split("\t", 1)[1] for line in target.read_text().splitlines()))
    assert len(written) == 1


def test_what_is_not_installed_is_named_with_what_brings_it(bundles, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", inputs("classification"))
    (tmp_path / "in.parquet").write_text("PAR1")
    onnx = (f"model={bundles('classification')}", "format=onnx")
    brings = "not installed: pip install distill brings"
    for given, message in (
        (
            (*onnx, f"input={tmp_path}/in.parquet", "output=-"),
            f"{tmp_path}/in.parquet: reading Parquet takes pyarrow and datasets, which are {brings} them",
        ),
        (
            (*onnx, f"input={source}", f"output={tmp_path}/out.parquet"),
            f"{tmp_path}/out.parquet: writing Parquet takes pyarrow, which is {brings} it",
        ),
        (
            (*onnx, f"input={source}", "output=-", "output_format=parquet"),
            f"output_format=parquet takes pyarrow, which is {brings} it",
        ),
    ):
        assert without(*given) == (2, f"distill: {message}\n")
    code, said = without(*onnx, f"input={source}", "output=-", missing="onnxruntime")
    path = bundles("classification") / "onnx" / "model.onnx"
    assert (code, said) == (
        2,
        f"distill: {path} is opened by onnxruntime, which is not installed; pip install 'distill[serve]' brings it\n",
    )

"""Models of every task as runs export them, tiny and random, and examples for them."""

import json

import pytest
import torch

from distill.models import from_scratch, loading
from distill.models.tokenizer_training import train
from distill.tasks import task

TEXTS = [
    "the tower of Paris was built by engineers in 1889 , and it stands near the river",
    "a committee in Berlin rejected the proposal of the French government on Tuesday",
    "who built the tower ? nobody in Zürich knows that",
]
LABELS = {
    "classification": ("no", "yes"), "pair_classification": ("no", "yes"), "multilabel_classification": ("a", "b", "c"),
    "token_classification": ("O", "B-X", "I-X"), "relation_extraction": ("r(e1,e2)", "r(e2,e1)", "Other"),
}  # fmt: skip
SAYS = {
    "classification": {"label", "probability"}, "pair_classification": {"label", "probability"},
    "multilabel_classification": {"labels", "probabilities"}, "regression": {"score"},
    "token_classification": {"tags"}, "relation_extraction": {"label", "probability"},
    "question_answering": {"answer", "probability"}, "translation": {"target"}, "summarization": {"target"},
    "dialogue": {"reply"},
}  # fmt: skip
WORDS = [text.split()[:length] for length, text in zip((3, 9, 6, 1, 14, 2, 5), TEXTS * 3, strict=False)]


def inputs(name):
    """Seven examples, of different lengths, by the task's inputs."""
    plain = [" ".join(words) for words in WORDS]
    marked = [f"<e1>{words[0]}</e1> {' '.join(words)} <e2>{words[-1]}</e2>" for words in WORDS]
    values = {
        "text": marked if name == "relation_extraction" else plain,
        "pair": plain[::-1],
        "tokens": WORDS,
        "context": [" ".join([text, *TEXTS]) for text in plain],
        "question": ["who ?", "what was built ?"] * 3 + ["why ?"],
        "source": plain,
        "history": [[text] * (1 + number % 3) for number, text in enumerate(plain)],
    }
    roles = task(name).inputs
    return [dict(zip(roles, row, strict=True)) for row in zip(*(values[role] for role in roles), strict=True)]


def made(name, folder, form=None):
    """A folder as a run exports it; its outputs are named in another order than the task's."""
    torch.manual_seed(3)
    module, labels = task(name), LABELS.get(name, ())
    tokenizer = train(module.family, TEXTS, vocab_size=330, max_length=48)
    tokenizer.save_pretrained(folder)
    tokenizer = loading.load_tokenizer(folder, module.markers)
    size = from_scratch.Size(layers=1, hidden_size=16, heads=2, intermediate_size=24)
    config = from_scratch.config(module.family, tokenizer, size, max_length=48, dropout=0.0)
    config.initializer_range = 0.5
    if named := module.outputs(labels):
        loading.name_labels(config, named[::-1], module.kind)
    model = loading.from_config(config, module.head).eval()
    loading.save(model, tokenizer, folder)
    said = {
        "task": name,
        "labels": labels,
        "max_length": 48,
        "max_target_length": 8,
        "stride": 8,
        "max_answer_length": 5,
    }
    loading.save_form(folder, said if form is None else form)
    return folder


def shipped(name, folder):
    """The same with its ONNX file, as a run exports it, but without a certificate."""
    from distill.export import Source, exporter
    from distill.tasks import EncodingSpec
    from distill.tasks.setup import TaskSetup

    made(name, folder)
    form = EncodingSpec(LABELS.get(name, ()), max_length=48, max_target_length=8, stride=8, max_answer_length=5)
    exporter("onnx").write(Source(folder, TaskSetup(name, task(name), form), {}, ""), folder / "onnx")
    return folder


def of_python(folder):
    """Give a folder a tokenizer that is written in Python, of the same words."""
    words = loading.load_tokenizer(folder).get_vocab()
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(sorted(words, key=words.get)) + "\n", encoding="utf-8")
    said = {
        "tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "basic",
        "subword_tokenizer_type": "wordpiece",
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(said))


def jsonl(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def answers(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def close(one, other):
    """The same, but for the rounding of other batches."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    return one == pytest.approx(other, abs=1e-4) if isinstance(one, float) else one == other

"""Cards on Chinese files of the user's own, through the whole chain, and the export asked by ``distill.predict``."""

import json
import math
import re
import sys

import chinese
import pytest

from distill import predict
from distill.models import loading

SMALL = (
    "data.limit.train=48", "data.limit.validation=8", "data.limit.test=8", "data.batch_size=16",
    "teacher.vocab_size=500", "teacher.architecture={layers: 1, hidden_size: 48, heads: 2, intermediate_size: 96}",
    "student.architecture={layers: 1, hidden_size: 48, heads: 2, intermediate_size: 96}",
    "finetune.optimizer.lr=1e-2", "distill.optimizer.lr=1e-2", "evaluate.latency_samples=1",
    "evaluate.resamples=100", "export.formats=[huggingface]", "tracking.wandb=disabled", "trainer.log_every_n_steps=2",
)  # fmt: skip
READING = ("pretrain.max_epochs=1", "finetune.max_epochs=6", "distill.max_epochs=6")
WRITING = ("data.max_target_length=16", "finetune.max_epochs=2", "distill.max_epochs=14", "distill.soft.weight=0.1")
CARDS = {
    "trec_tiny": (chinese.reviews, "tsv", (*READING, "data.columns={text: '评论', label: '标签'}")),
    "conll2003_tiny": (chinese.entities, "jsonl", READING),
    "semeval_tiny": (chinese.relations, "tsv", (*READING, "data.max_length=32")),
    "squad_tiny": (chinese.passages, "jsonl", (*READING, "data.max_length=48", "data.stride=8")),
    "multi30k_tiny": (chinese.translations, "jsonl", WRITING),
    "scitldr_tiny": (chinese.summaries, "jsonl", WRITING),
    "dailydialog_tiny": (chinese.dialogues, "jsonl", WRITING),
}
ASKED = {
    "trec_tiny": ("评论",), "conll2003_tiny": ("tokens",), "semeval_tiny": ("sentence",),
    "squad_tiny": ("context", "question"), "multi30k_tiny": ("source",), "scitldr_tiny": ("source",),
    "dailydialog_tiny": ("history",),
}  # fmt: skip
COLUMNS = {"trec_tiny": ["columns.text=评论"], "semeval_tiny": ["columns.text=sentence"]}
SCORED_BY = {"multi30k_tiny": "tok:zh", "scitldr_tiny": "single characters in scripts without spaces"}


@pytest.fixture
def made(inside, request):
    """A card's name, its rows, its report and its exported folder, made in a folder with a Chinese name."""
    make, ending, given = CARDS[request.param]
    data, run = chinese.written(inside.folder / "数据", make(), ending), inside.folder / "结果"
    inside(f"experiment={request.param}", f"data.path='{data}'", *SMALL, *given, f"hydra.run.dir='{run}'", small=False)
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    return request.param, make(), report, run / "export" / "student"


def answered(model, rows, card, folder, monkeypatch):
    """The rows as ``python -m distill.predict`` answers them, and the text of its file."""
    source, target = folder / "问题.jsonl", folder / "答案.jsonl"
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    given = [f"model={model}", f"input={source}", f"output={target}", *COLUMNS.get(card, [])]
    monkeypatch.setattr(sys, "argv", ["predict", *given])
    predict.main()
    text = target.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()], text


def lines(value):
    """All texts in a row, wherever they are, without the marks of entities."""
    if isinstance(value, str):
        return [re.sub("</?e[12]>", "", value)]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in lines(part)]


def check_tokenizer(model, texts):
    """An encoder's knows the characters of the texts; what writes gets every text back as it was."""
    tokenizer = loading.load_tokenizer(model)
    encoded = tokenizer(texts)["input_ids"]
    if tokenizer.cls_token is None:
        assert [text.strip() for text in tokenizer.batch_decode(encoded, skip_special_tokens=True)] == texts
        return
    ids = [token for each in encoded for token in each]
    assert ids.count(tokenizer.unk_token_id) < len(ids) / 50
    assert len(set(ids)) > 30


def check_answer(card, row, record):
    """What is said is what the task asks for, and what the templates make easy to learn is learnt."""
    if card in ("trec_tiny", "semeval_tiny"):
        assert record["label"] == (row["标签"] if card == "trec_tiny" else row["label"])
    elif card == "conll2003_tiny":
        assert [tag[0] for tag in record["tags"]][:2] == [tag[0] for tag in row["ner_tags"]][:2]
        assert len(record["tags"]) == len(row["tokens"])
        assert set(record["tags"]) <= {"O", "B-人名", "I-人名", "B-地名", "I-地名"}
    elif card == "squad_tiny":
        assert record["answer"]
        assert record["answer"] in row["context"]
    else:
        written = record["reply" if card == "dailydialog_tiny" else "target"]
        assert written.endswith("。")
        assert set(written) <= set("".join(lines(row)) + chinese.ALPHABET)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("made", CARDS, indirect=True)
def test_a_card_learns_from_chinese_files_and_answers_in_chinese(made, inside, monkeypatch):
    card, rows, report, model = made
    for who in ("teacher", "student", "control"):
        assert math.isfinite(report["models"][who]["metrics"]["test"][report["gain"]["metric"]])
    assert card == "dailydialog_tiny" or report["gain"]["student"] > 0.1
    assert SCORED_BY.get(card, "") in (report["scored_by"] or "")

    rows = [{"history": row["turns"][:3], **row} for row in rows] if card == "dailydialog_tiny" else rows
    check_tokenizer(model, lines([[row[role] for role in ASKED[card]] for row in rows]))
    asked = [{"id": f"第{number}行", **{role: row[role] for role in ASKED[card]}} for number, row in enumerate(rows)]
    records, text = answered(model, asked, card, inside.folder, monkeypatch)
    assert [record["id"] for record in records] == [row["id"] for row in asked]
    assert "\\u" not in text
    assert "\ufffd" not in text
    for row, record in zip(rows, records, strict=True):
        check_answer(card, row, record)

"""Rows that a task cannot use end the command with exit code 2 and one message, before anything is trained."""

import json

import pytest

GOOD = {
    "conll2003_tiny": {"tokens": ["Anna", "slept"], "ner_tags": ["B-PER", "O"]},
    "squad_tiny": {
        "context": "Anna slept.", "question": "Who slept?", "answers": {"text": ["Anna"], "answer_start": [0]},
    },
    "semeval_tiny": {"sentence": "<e1>Anna</e1> saw <e2>Otto</e2>.", "label": "Other"},
    "multi30k_tiny": {"source": "Anna schlief.", "target": "Anna slept."},
    "scitldr_tiny": {"source": "Anna slept all day.", "targets": ["Anna slept."]},
    "stsb_tiny": {"sentence1": "Anna slept.", "sentence2": "Anna woke.", "score": 2.5},
    "dailydialog_tiny": {"turns": ["Who slept?", "Anna."]},
    "multilabel_tiny": {"text": "Anna slept.", "label": ["sleep"]},
    "mrpc_tiny": {"sentence1": "Anna slept.", "sentence2": "Anna woke.", "label": "1"},
}  # fmt: skip
OTHER = {
    "conll2003_tiny": {"tokens": ["He", "ate"], "ner_tags": ["O", "O"]},
    "semeval_tiny": {"sentence": "<e1>Ice</e1> is <e2>water</e2>.", "label": "Content-Container(e1,e2)"},
    "stsb_tiny": {"sentence1": "A dog.", "sentence2": "A cat.", "score": 1.5},
    "multilabel_tiny": {"text": "It rained.", "label": ["rain", "sleep"]},
    "mrpc_tiny": {"sentence1": "A dog.", "sentence2": "A cat.", "label": "0"},
}
"""A row beside the first, so that there are two labels to learn."""
LEAVE = "; data.on_bad=drop leaves it out"
SCORES = f"which is outside data.score_range=[0, 5]{LEAVE}"
CASES = {
    "tokens and tags that differ in number": (
        "conll2003_tiny", "train", {"ner_tags": ["O"]}, f"row 3 of train has 2 tokens, but 1 tags{LEAVE}",
    ),
    "a tag outside the scheme": (
        "conll2003_tiny", "validation", {"ner_tags": ["O", "PER"]},
        "row 3 of validation has the tag PER at slept: IOB2 has O, B-… and I-… only" + LEAVE,
    ),
    "an entity without a beginning": (
        "conll2003_tiny", "train", {"ner_tags": ["O", "I-PER"]},
        "row 3 of train has the tag I-PER at slept after O: in IOB2 an entity begins with B-PER" + LEAVE,
    ),
    "a tag that train does not have": (
        "conll2003_tiny", "validation", {"ner_tags": ["B-LOC", "O"]},
        "validation has the label B-LOC (row 3), which train does not have; train has B-PER, O",
    ),
    "an answer that stands elsewhere": (
        "squad_tiny", "train", {"answers": {"text": ["Anna"], "answer_start": [3]}},
        f"row 3 of train has the answer 'Anna', which does not stand at 3, where answer_start says{LEAVE}",
    ),
    "an entity without its mark": (
        "semeval_tiny", "train", {"sentence": "Anna saw <e2>Otto</e2>."},
        f"row 3 of train has <e1> 0 times, not once: 'Anna saw <e2>Otto</e2>.'{LEAVE}",
    ),
    "an empty source": ("multi30k_tiny", "train", {"source": " "}, f"row 3 of train in DATA has no source{LEAVE}"),
    "an empty target": (
        "multi30k_tiny", "validation", {"target": ""}, f"row 3 of validation in DATA has no target{LEAVE}",
    ),
    "a summary that is none": (
        "scitldr_tiny", "train", {"targets": []}, f"row 3 of train in DATA has no targets{LEAVE}",
    ),
    "a score outside its range": ("stsb_tiny", "train", {"score": 5.5}, f"row 3 of train has the score 5.5, {SCORES}"),
    "a score of validation outside its range": (
        "stsb_tiny", "validation", {"score": -1.0}, f"row 3 of validation has the score -1.0, {SCORES}",
    ),
    "a reply without history": (
        "dailydialog_tiny", "train", {"turns": ["Hello."]},
        f"row 3 of train has a reply without history: a dialogue has two turns or more{LEAVE}",
    ),
    "a label of several that train does not have": (
        "multilabel_tiny", "validation", {"label": ["sleep", "snow"]},
        "validation has the label snow (row 3), which train does not have; train has rain, sleep",
    ),
    "a pair without its second text": (
        "mrpc_tiny", "train", {"sentence2": None}, f"row 3 of train in DATA has no sentence2{LEAVE}",
    ),
}  # fmt: skip


def written(folder, card, split, change):
    """Train and validation of three rows each, of which the last of ``split`` is changed."""
    folder.mkdir()
    for name in ("train", "validation"):
        rows = [GOOD[card], OTHER.get(card, GOOD[card]), GOOD[card] | (change if name == split else {})]
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize("case", CASES)
def test_rows_that_cannot_be_used_are_refused_before_training(inside, case):
    card, split, change, message = CASES[case]
    data = written(inside.folder / "data", card, split, change)
    out = inside(f"experiment={card}", f"data.path={data}", small=False, code=2)
    assert out == f"distill: {message.replace('DATA', str(data))}\n"
    assert not inside.store.exists()


def test_a_column_that_the_command_line_names_is_not_guessed(inside):
    data = written(inside.folder / "data", "mrpc_tiny", "train", {})
    given = ("experiment=mrpc_tiny", f"data.path={data}", "data.columns.label=mood")
    out = inside(*given, small=False, code=2)
    said = "which data.columns.label names; it has sentence1, sentence2, label"
    assert out == f"distill: {data} has no column mood, {said}\n"

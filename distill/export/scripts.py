"""Write, for each task that reads, a script that asks an exported folder with ONNX Runtime and ``tokenizers`` alone.

The scripts stand in the model card, thirty lines each at most: they need neither PyTorch nor transformers, nor this
package. What they must know of the task they read from ``config.json``.
"""

import json
import re
from collections.abc import Mapping

_OPENED = """\
import json, pathlib, re, sys
import numpy as np, onnxruntime, tokenizers

folder = pathlib.Path(FOLDER)
form = json.loads((folder / "config.json").read_text(encoding="utf-8"))["distill"]
session = onnxruntime.InferenceSession(folder / "onnx" / "model.onnx")
tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_padding()
tokenizer.encode_special_tokens = True  # a text that spells a special token is text

def ask(tokens):
    inputs = {"input_ids": tokens.ids, "attention_mask": tokens.attention_mask, "token_type_ids": tokens.type_ids}
    return session.run(["logits"], {each.name: np.array([inputs[each.name]]) for each in session.get_inputs()})[0][0]

"""
_TEXT = """\
"".join(sys.argv[1:2]).strip() or sys.exit("give a text that is not empty")
tokenizer.enable_truncation(form["max_length"])
logits = ask(tokenizer.encode(sys.argv[1]))
"""
_PAIR = """\
len(sys.argv) > 2 and all(map(str.strip, sys.argv[1:3])) or sys.exit("give two texts that are not empty")
tokenizer.enable_truncation(form["max_length"])
logits = ask(tokenizer.encode(sys.argv[1], sys.argv[2]))
"""
_LABEL = """\
probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
print(json.dumps({"label": form["labels"][logits.argmax()], "probability": float(probabilities.max())}))
"""
_LABELS = """\
probabilities = dict(zip(form["labels"], (1 / (1 + np.exp(-logits))).tolist()))
labels = [label for label, probability in probabilities.items() if probability > form["threshold"]]
print(json.dumps({"labels": labels, "probabilities": probabilities}))
"""
_SCORE = """\
print(json.dumps({"score": float(logits[0])}))
"""
_RELATION = """\
text, marks, most = "".join(sys.argv[1:2]), form["markers"], form["max_length"]
well = re.match(r"(?s)(?=.*{}\\s*\\S.*{})(?=.*{}\\s*\\S.*{})".format(*marks), text) and {*map(text.count, marks)} == {1}
well or sys.exit("mark both entities, each once, such as: <e1>Rome</e1> is the capital of <e2>Italy</e2>")
words = re.split(r"(?<=\\s)|(?<=[\\u3040-\\u30ff\\u3400-\\u9fff])", text)  # of a text that is too long the furthest go
first, second, third, last = sorted(place for place, word in enumerate(words) for mark in marks if mark in word)
size = lambda places: len(tokenizer.encode("".join(words[place] for place in sorted(places))).ids)
kept = {*range(first, last + 1)}
if size(kept) > most and re.findall("|".join(marks), text)[1] in marks[1::2]: kept -= {*range(second + 1, third)}
size(kept) <= most or sys.exit(f"there is no room for both entities: the model reads {most} tokens")
for place in sorted({*range(len(words))} - kept, key=lambda place: (min(abs(place - each) for each in kept), place)):
    if {place - 1, place + 1} & kept and size(kept | {place}) <= most: kept.add(place)
tokens = tokenizer.encode("".join(words[place] for place in sorted(kept)))
starts = [tokens.ids.index(tokenizer.token_to_id(mark)) for mark in marks[::2]]
logits = sum(np.split(row, 2)[entity] for entity, row in enumerate(ask(tokens)[starts]))
"""
_TAGS = """\
tokenizer.enable_truncation(form["max_length"], stride=(stride := min(form["stride"], form["max_length"] // 4)))
split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(form["word_pattern"]), "isolated")
words = [pair for pair in split.pre_tokenize_str("".join(sys.argv[1:2])) if pair[0].strip()] or sys.exit("give a text")
tokens, rows = tokenizer.encode([form["word_prefix"] + word for word, _ in words], is_pretokenized=True), {}
for window, logits in [(each, ask(each)) for each in (tokens, *tokens.overflowing)]:
    for place, word in enumerate(window.word_ids):  # its first token answers for a word
        if word is not None and word != window.word_ids[place - 1] and (word not in rows or place > stride // 2):
            rows[word] = logits[place]
entities, tag = [], "O"
for word, row in sorted(rows.items()):
    before, tag, (start, end) = tag, form["labels"][row.argmax()], words[word][1]
    if tag[:2] == "I-" and tag[2:] == before[2:]:
        entities[-1]["end"] = end
    elif tag != "O":
        entities.append({"entity": tag[2:] if tag[1:2] == "-" else tag, "start": start, "end": end})
print(json.dumps(entities))
"""
_ANSWER = """\
query, context, room = *[*sys.argv[1:], "", ""][:2], form["max_length"] - tokenizer.num_special_tokens_to_add(True)
(query := query.strip()) and context.strip() or sys.exit("give a question and a context that are not empty")
query = query[: max(sum(tokenizer.encode(query, add_special_tokens=False).offsets[: room // 2], (0,)))]
tokenizer.enable_truncation(form["max_length"], stride=min(form["stride"], room // 4), strategy="only_second")
tokens, spans, nothing = tokenizer.encode(query, context), [], []
for window in [tokens, *tokens.overflowing]:
    inside, longest = np.array([which == 1 for which in window.sequence_ids]), form["max_answer_length"]
    logits = np.where(inside | (np.arange(len(inside)) == 0), ask(window).T, -1e4)
    whole, allowed = np.logaddexp.reduce(logits, axis=1).sum(), np.tril(np.outer(inside, inside), longest - 1)
    scores = np.where(np.triu(allowed), logits[0][:, None] + logits[1], -np.inf)
    first, last = np.unravel_index(scores.argmax(), scores.shape)
    text, score = context[window.offsets[first][0] : window.offsets[last][1]], scores[first, last]
    spans.append((score - (0 if form.get("unanswerable") else whole), score - whole, text))
    nothing.append((logits[:, 0].sum(), logits[:, 0].sum() - whole, ""))
best = max(spans + [min(nothing)] * form.get("unanswerable", False))
print(json.dumps({"answer": best[2], "probability": float(np.exp(best[1]))}))
"""


_PYTHON: Mapping[str, str] = {
    "classification": _TEXT + _LABEL,
    "pair_classification": _PAIR + _LABEL,
    "multilabel_classification": _TEXT + _LABELS,
    "regression": _PAIR + _SCORE,
    "token_classification": _TAGS,
    "relation_extraction": _RELATION + _LABEL,
    "question_answering": _ANSWER,
}
_ARGUMENTS: Mapping[str, str] = {
    "pair_classification": "TEXT OTHER_TEXT",
    "regression": "TEXT OTHER_TEXT",
    "question_answering": "QUESTION CONTEXT",
}
"""The arguments of a script that takes more than a text."""
_PIPELINE = """\
import { pipeline } from "@huggingface/transformers";

const predict = await pipeline(KIND, FOLDER, { dtype: "fp32", local_files_only: true });
"""
_MODEL = """\
import { AutoModelFor, AutoTokenizer, softmax } from "@huggingface/transformers";

const tokenizer = await AutoTokenizer.from_pretrained(FOLDER, { local_files_only: true });
const model = await AutoModelFor.from_pretrained(FOLDER, { dtype: "fp32", local_files_only: true });
const texts = ["A text.", { text_pair: "Another text.", truncation: true, return_token_type_ids: true }];
const { logits } = await model(tokenizer(...texts));
""".replace("AutoModelFor", "AutoModelForSequenceClassification")
_JAVASCRIPT: Mapping[str, str] = {
    "classification": _PIPELINE.replace("KIND", '"text-classification"') + 'console.log(await predict("A text."));\n',
    "pair_classification": _MODEL
    + "const probabilities = softmax(logits.tolist()[0]);\n"
    + "console.log(probabilities.map((each, number) => [model.config.id2label[number], each]));\n",
    "multilabel_classification": _PIPELINE.replace("KIND", '"text-classification"')
    + 'console.log(await predict("A text.", { top_k: null }));\n',
    "regression": _MODEL.replace(", softmax", "") + "console.log(logits.tolist()[0][0]);\n",
    "token_classification": _PIPELINE.replace("KIND", '"token-classification"')
    + 'console.log(await predict("A text."));\n',
    "question_answering": _PIPELINE.replace("KIND", '"question-answering"')
    + "predict.tokenizer.return_token_type_ids = true;\n"
    + 'console.log(await predict("A question?", "A context."));\n',
}


def python(task: str, folder: str) -> str | None:
    """Return a script in Python for a task, which takes its inputs from the command line; none where there is none.

    Args:
        task: the name of the task.
        folder: where the reader has put the exported folder.
    """
    if (asked := _PYTHON.get(task)) is None:
        return None
    script = _OPENED.replace("FOLDER", json.dumps(folder)) + asked
    return script if re.search(r"\bre\.", asked) else script.replace("pathlib, re, sys", "pathlib, sys")


def arguments(task: str) -> str:
    """Return what the script in Python takes from the command line, such as ``QUESTION CONTEXT``."""
    return _ARGUMENTS.get(task, "TEXT")


def javascript(task: str, folder: str) -> str | None:
    """Return a script in JavaScript for transformers.js; none where that has no way to ask.

    Args:
        task: the name of the task.
        folder: where the reader has put the exported folder.
    """
    asked = _JAVASCRIPT.get(task)
    return None if asked is None else asked.replace("FOLDER", json.dumps(folder))

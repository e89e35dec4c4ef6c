"""What chosen texts are worth to a linear head on frozen states, against as many drawn at random: a minute, many seeds.

    python tests/benchmarks/selecting_heads.py ../shared/data MINILM [LABELS] [POOL] [SEEDS]

``selecting.py`` trains whole models; this trains the head alone, on the mean states of a pretrained model that are
computed once. LABELS labels (300) to begin with, then as many more, which each method chooses among POOL texts (3000).
For each data set and method: accuracy on test, mean and standard deviation over SEEDS (3), and the difference from
random with its own, seed by seed.
"""

import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import torch
from selecting import DATA, rows
from sklearn.linear_model import LogisticRegression
from transformers import AutoModel, AutoTokenizer

from distill.selection.methods import METHODS, Candidates
from distill.selection.states import Read


@torch.inference_mode()
def states(model, tokenizer, texts):
    """The mean of the last layer's states of each text, of length 1: ``[texts, width]``."""
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    found = [None] * len(texts)
    for start in range(0, len(order), 64):
        some = order[start : start + 64]
        batch = tokenizer([texts[number] for number in some], padding=True, truncation=True, max_length=48,
                          return_tensors="pt")  # fmt: skip
        mask = batch["attention_mask"][..., None]
        mean_states = (model(**batch).last_hidden_state * mask).sum(dim=1) / mask.sum(dim=1)
        for number, row in zip(some, torch.nn.functional.normalize(mean_states), strict=True):
            found[number] = row.numpy()
    return np.stack(found)


def head(inputs, labels, place):
    """A linear head that has learnt from the rows of these places."""
    return LogisticRegression(C=30.0, max_iter=1000).fit(inputs[place], labels[place])


def logits(head, inputs):
    """Two columns of two labels, too."""
    found = head.decision_function(inputs)
    return (np.stack([-found / 2, found / 2], axis=1) if found.ndim == 1 else found).astype(np.float32)


def main(data, folder, count, most, seeds):
    """Print what each method is worth."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    for name, (_, column, test_file, tested) in DATA.items():
        drawn = rows(data / name / "train.tsv", column)
        keep = np.random.default_rng(0).permutation(len(drawn))[: most + count * 2]
        train, test = [drawn[number] for number in keep], rows(data / name / test_file, column)[:tested]
        known = states(model, tokenizer, [row["text"] for row in (*train, *test)])
        labels = np.array([row["label"] for row in (*train, *test)])
        of_test = np.arange(len(train), len(labels))
        found = defaultdict(list)
        for seed in range(seeds):
            draw = np.random.default_rng(seed)
            first, pool = np.split(draw.permutation(len(train))[: count + most], [count])
            start = head(known, labels, first)
            found["first labels alone"].append(100 * start.score(known[of_test], labels[of_test]))
            for method, choose in METHODS.items():
                seen = Read(logits(start, known[pool]), known[pool])
                texts = Candidates(seen, "class", known[first], np.random.default_rng(seed), lambda count: None)
                place = np.concatenate([first, pool[choose(texts, count)]])
                found[method].append(100 * head(known, labels, place).score(known[of_test], labels[of_test]))
        for method, scores in found.items():
            gains = np.subtract(scores, found["random"])
            said = f"{gains.mean():+.2f} ± {gains.std(ddof=1):.2f} against random"
            print(f"{name} {method}: {mean(scores):.2f} ± {stdev(scores):.2f}, {said}", flush=True)


if __name__ == "__main__":
    data, folder, *rest = sys.argv[1:]
    count, most, seeds = (
        int(rest[place]) if len(rest) > place else usual for place, usual in enumerate((300, 3000, 3))
    )
    main(Path(data), folder, count, most, seeds)

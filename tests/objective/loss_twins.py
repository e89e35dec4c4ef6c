"""The losses once more, in NumPy and plain loops, from their formulas: what the tests compare with."""

from itertools import combinations, permutations

import numpy as np

from distill.types import IGNORE


def log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax(logits):
    return np.exp(log_softmax(logits))


def kl(p, q):
    return (p * (np.log(p) - np.log(q))).sum()


def both(student, teacher, temperature):
    """The teacher's p and the student's q."""
    return softmax(teacher / temperature), softmax(student / temperature)


def hard(logits, labels, weights=None):
    scored = [(row, label) for row, label in zip(log_softmax(logits), labels, strict=True) if label != IGNORE]
    weights = np.ones(logits.shape[1]) if weights is None else weights
    return -sum(weights[label] * row[label] for row, label in scored), len(scored)


def soft(student, teacher, temperature):
    p, q = both(student, teacher, temperature)
    return temperature**2 * kl(p, q), len(student)


def sparse_soft(student, teacher, temperature, indices):
    """From whole rows of the teacher, of which only ``indices`` and the sum of the rest are looked at."""
    total = 0
    for p, q, kept in zip(*both(student, teacher, temperature), indices, strict=True):
        p, q = (np.append(row[kept], np.delete(row, kept).sum()) for row in (p, q))
        total += kl(p, q)
    return temperature**2 * total, len(student)


def reverse_kl(student, teacher, temperature):
    p, q = both(student, teacher, temperature)
    return temperature**2 * kl(q, p), len(student)


def js(student, teacher, temperature, beta):
    p, q = both(student, teacher, temperature)
    m = beta * p + (1 - beta) * q
    return temperature**2 * (beta * kl(p, m) + (1 - beta) * kl(q, m)), len(student)


def skew_kl(student, teacher, temperature, alpha):
    p, q = both(student, teacher, temperature)
    return temperature**2 * kl(p, alpha * p + (1 - alpha) * q), len(student)


def skew_reverse_kl(student, teacher, temperature, alpha):
    p, q = both(student, teacher, temperature)
    return temperature**2 * kl(q, (1 - alpha) * p + alpha * q), len(student)


def taid(student, teacher, temperature, progress):
    return soft(student, (1 - progress) * student + progress * teacher, temperature)


def dkd(student, teacher, labels, temperature, alpha, beta):
    total, count = 0, 0
    for p, q, label in zip(*both(student, teacher, temperature), labels, strict=True):
        if label == IGNORE:
            continue
        count += 1
        others = np.arange(len(p)) != label
        first = kl(np.array([p[label], 1 - p[label]]), np.array([q[label], 1 - q[label]]))
        total += alpha * first + beta * kl(p[others] / p[others].sum(), q[others] / q[others].sum())
    return temperature**2 * total, count


def dist(student, teacher, temperature, inter, intra):
    p, q = both(student, teacher, temperature)
    rows, classes = p.shape
    along_rows = sum(1 - np.corrcoef(p[i], q[i])[0, 1] for i in range(rows))
    along_columns = sum(1 - np.corrcoef(p[:, j], q[:, j])[0, 1] for j in range(classes))
    return inter * along_rows + intra * along_columns * rows / classes, rows


def standardized(student, teacher, temperature):
    both = [x - x.mean(axis=1, keepdims=True) for x in (student, teacher)]
    mine, theirs = (x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-8) for x in both)
    return soft(mine, theirs, temperature)


def logit_mse(student, teacher):
    return ((student - teacher) ** 2).mean(axis=1).sum(), len(student)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def soft_labels(student, teacher, temperature):
    p, q = sigmoid(teacher / temperature), sigmoid(student / temperature)
    each = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    return temperature**2 * each.mean(axis=1).sum(), len(student)


def hard_labels(logits, labels):
    total, count = 0, 0
    for row, truth in zip(sigmoid(logits), labels, strict=True):
        each = [-np.log(q if y else 1 - q) for q, y in zip(row, truth, strict=True) if y != IGNORE]
        total += np.mean(each) if each else 0
        count += bool(each)
    return total, count


def hard_score(logits, labels):
    errors = [(x - y) ** 2 for x, y in zip(logits[:, 0], labels, strict=True) if not np.isnan(y)]
    return sum(errors), len(errors)


def soft_score(student, teacher, labels=None, bounded=None):
    total = 0
    for i, (s, t) in enumerate(zip(student[:, 0], teacher[:, 0], strict=True)):
        known = bounded is not None and not np.isnan(labels[i])
        ahead = known and (s - labels[i]) ** 2 + bounded <= (t - labels[i]) ** 2
        total += 0 if ahead else (s - t) ** 2
    return total, len(student)


def hidden(student, teacher, mask):
    return (((student - teacher) ** 2).mean(axis=-1) * mask).sum(), mask.sum()


def hidden_cosine(student, teacher, mask):
    total = 0
    for s, t in zip(student[mask], teacher[mask], strict=True):
        total += 1 - s @ t / np.sqrt((s @ s) * (t @ t))
    return total, mask.sum()


def pkd(student, teacher):
    s, t = (x / np.sqrt((x**2).sum(axis=1, keepdims=True)) for x in (student, teacher))
    return ((s - t) ** 2).mean(axis=1).sum(), len(student)


def cka(student, teacher, mask):
    """By the kernels between tokens, not by those between numbers as the loss does."""
    tokens = mask.sum()
    centre = np.eye(tokens) - 1 / tokens
    k, m = (centre @ x[mask] @ x[mask].T @ centre for x in (student, teacher))
    return tokens * (1 - (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())), tokens


def attention(student, teacher, mask, causal=False):
    if student.shape[1] != teacher.shape[1]:
        student, teacher = student.mean(axis=1, keepdims=True), teacher.mean(axis=1, keepdims=True)
    total = 0
    for example, query in np.argwhere(mask):
        keys = [key for key in np.flatnonzero(mask[example]) if not causal or key <= query]
        total += ((student[example, :, query][:, keys] - teacher[example, :, query][:, keys]) ** 2).mean()
    return total, mask.sum()


def relations(student, teacher, mask, heads, causal=False):
    total = 0
    for mine, theirs in zip(student, teacher, strict=True):
        for example, query in np.argwhere(mask):
            keys = [key for key in np.flatnonzero(mask[example]) if not causal or key <= query]
            for head in range(heads):
                q, p = (_relation(x[example], query, keys, head, heads) for x in (mine, theirs))
                total += kl(p, q)
    return total / (3 * heads), mask.sum()


def _relation(states, query, keys, head, heads):
    width = states.shape[1] // heads
    part = states[:, head * width : (head + 1) * width]
    return softmax(part[keys] @ part[query] / np.sqrt(width))


def huber(gap):
    return 0.5 * gap**2 if abs(gap) < 1 else abs(gap) - 0.5


def spread(teacher, limit):
    """Which examples of a large batch are looked at."""
    if len(teacher) <= limit:
        return list(range(len(teacher)))
    order = (teacher * np.cos(np.arange(teacher.shape[1]))).sum(axis=1).argsort(kind="stable")
    return [order[i * len(order) // limit] for i in range(limit)]


def rkd_distance(student, teacher, limit=10**9):
    pairs = list(combinations(spread(teacher, limit), 2))
    mine, theirs = (np.array([np.linalg.norm(x[i] - x[j]) for i, j in pairs]) for x in (student, teacher))
    gaps = mine / mine.mean() - theirs / theirs.mean()
    return np.mean([huber(gap) for gap in gaps]) * len(student), len(student)


def rkd_angle(student, teacher, limit=10**9):
    def cosine(x, i, j, k):
        a, b = x[i] - x[j], x[k] - x[j]
        return a @ b / np.sqrt((a @ a) * (b @ b)) if a.any() and b.any() else 0

    triples = list(permutations(spread(teacher, limit), 3))
    gaps = [huber(cosine(student, *triple) - cosine(teacher, *triple)) for triple in triples]
    return np.mean(gaps) * len(student), len(student)

"""What may be wrong with data that can be read: repeated texts, contradictory labels, rare labels, few test rows."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from datasets import Dataset

from distill.base.findings import OK, SKIPPED, WARN, Finding, verdict
from distill.data.splits import LABEL
from distill.metrics.power import difference_shown, rows_for_difference
from distill.report.precision import rounded_up, share_of_rows
from distill.stages.job import RunSpec
from distill.tasks.tagging import OUTSIDE

_PARTING = 0.1
"""The share of test rows on which exactly one of two models is right, where nothing is known yet."""
_POINT = 0.01
_TOLD = 0.02
"""The difference that a test split should tell: most gains of a distillation are smaller."""
_LEAKING, _CONTRADICTORY, _REPEATED = 0.01, 0.005, 0.05
"""Shares of rows from which on a warning is due."""
_FEW_OF_A_LABEL, _RATIO = 10, 20
"""Rows of a label in train below which, and times the rarest label that the most frequent may have above which, a
warning is due."""


def findings(spec: RunSpec) -> Iterator[Finding]:
    """Yield what every check of the data has found."""
    yield from (check(spec) for check in (repeated, leaking, contradictory, balance, power))


def repeated(spec: RunSpec) -> Finding:
    """Count texts that stand several times in one split."""
    counts = {name: len(rows) - len(set(rows["key"][:])) for name, rows in spec.data.splits.items()}
    worst = max(count / max(1, len(spec.data.splits[name])) for name, count in counts.items())
    found = ", ".join(f"{count:,} of {len(spec.data.splits[name]):,} in {name}" for name, count in counts.items())
    said = f"texts that stand in their split before: {found}"
    fix = "leave out rows that repeat others, unless texts do come so often where the student will be used"
    return verdict("repeated texts", worst > _REPEATED, said, fix, counts)


def leaking(spec: RunSpec) -> Finding:
    """Count rows of validation and test whose text stands in train as well."""
    train = set(spec.data.splits["train"]["key"][:])
    splits = {name: rows for name, rows in spec.data.splits.items() if name in ("validation", "test")}
    counts = {name: sum(key in train for key in rows["key"][:]) for name, rows in splits.items()}
    found = ", ".join(f"{count:,} of {len(splits[name]):,} in {name}" for name, count in counts.items())
    bad = any(count > _LEAKING * len(splits[name]) for name, count in counts.items())
    fix = "take these rows out of train, or scores are of texts that were learnt by heart"
    return verdict("texts of train elsewhere", bad, f"texts that train has, too: {found}", fix, counts)


def contradictory(spec: RunSpec) -> Finding:
    """Count rows of train with the same text as others and another label."""
    name, train = "same text, other label", spec.data.splits["train"]
    if LABEL not in train.column_names:
        return Finding(name, SKIPPED, f"not checked: {spec.config.task} has no labels to compare")
    labels: dict[int, set[str]] = defaultdict(set)
    for key, label in zip(train["key"][:], train[LABEL][:], strict=True):
        labels[key].add(repr(label))
    count = sum(len(labels[key]) > 1 for key in train["key"][:])
    said = f"{count:,} of {len(train):,} rows of train have a text that has another label elsewhere in train"
    fix = "decide on one label for each text: models can get only one of them right"
    return verdict(name, count > _CONTRADICTORY * len(train), said, fix, {"rows": count})


def balance(spec: RunSpec) -> Finding:
    """Compare how often each label stands in train."""
    name, names = "balance", spec.data.labels
    if not names or LABEL not in spec.data.splits["train"].column_names:
        return Finding(name, SKIPPED, f"not checked: {spec.config.task} has no labels to count")
    counts = _label_counts(spec.data.splits["train"], len(names))
    by_name = dict(zip(names, counts, strict=True))
    if spec.config.task == "token_classification" and len(by_name) > 2:
        by_name.pop(OUTSIDE, None)  # of the words that are in no entity there are always many
    rarest, most = min(by_name, key=by_name.__getitem__), max(by_name, key=by_name.__getitem__)
    unit = "rows" if spec.setup.task.class_axis == "labels" and not spec.setup.task.windows else "words"
    said = (
        f"of {len(by_name)} labels {rarest!r} has the fewest {unit} of train, {by_name[rarest]:,}, and {most!r} the "
        f"most, {by_name[most]:,}"
    )
    fewest = by_name[rarest]
    if fewest == by_name[most]:
        said = f"each of {len(by_name)} labels has {fewest:,} {unit} of train"
    few = fewest < _FEW_OF_A_LABEL
    bad = few or (by_name[most] > _RATIO * fewest and spec.config.data.class_weights == "none")
    more = "give more rows of rare labels, or leave these labels out"
    weights = "data.class_weights=balanced lets rare labels weigh as much as others"
    fix = weights if spec.setup.task.kind == "class" and not few else more
    return verdict(name, bad, said, fix, by_name)


def _label_counts(train: Dataset, labels: int) -> list[int]:
    """Return how often each label stands in train, whether a row has one, several, or one for each word or label."""
    counts: Counter[int] = Counter()
    for label in train[LABEL][:]:
        if isinstance(label, int):
            counts[label] += 1
        elif isinstance(label, Sequence):
            multi = len(label) == labels and all(isinstance(each, float) for each in label)
            counts.update((n for n, each in enumerate(label) if each > 0) if multi else label)
    return [counts[number] for number in range(labels)]


def power(spec: RunSpec) -> Finding:
    """Tell how small a difference between two models the test split can show."""
    name, split = "power of the test split", "test" if "test" in spec.data.splits else "validation"
    rows, headline = len(spec.data.splits[split]), spec.leading.headline.name
    if not (headline == "accuracy" or headline.startswith(("f1", "exact_match"))):
        said = f"not checked: {headline} is no share of rows, so only an interval after the run tells; {split} has"
        return Finding(name, SKIPPED, f"{said} {rows:,} rows", facts={"rows": rows, "split": split})
    needed, shown = rounded_up(rows_for_difference(_POINT, _PARTING)), difference_shown(rows, _PARTING)
    is_share = share_of_rows(spec.config.task, headline)
    of, rough = (headline, "") if is_share else ("a share of rows", f"; {headline} is none: take it as a rough guide")
    said = (
        f"{split} has {rows:,} rows: differences from about {100 * shown:.1f} points of {of} on are told from "
        f"chance, and one point takes about {needed:,} rows (paired, four times in five, where one of two models alone "
        f"is right on {_PARTING:.0%} of the rows){rough}"
    )
    facts = {"split": split, "rows": rows, "points_shown": round(100 * shown, 2), "rows_for_one_point": needed}
    ways = [
        "give a larger test split",
        *(["several seeds"] if len(spec.run.config.seeds or ()) < 2 else []),
        *(["data.holdout_test=0.2"] if split == "validation" else []),  # refused where there is one
    ]
    fix = f"{' or '.join(ways)}; a smaller gain cannot be told from chance"
    return Finding(name, WARN if shown > _TOLD else OK, said, fix if shown > _TOLD else "", facts)

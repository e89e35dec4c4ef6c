"""What every kind of task's metrics promise alike."""

import json
import random
import time

import numpy as np
import pytest
import torch

from distill.metrics import (
    classification,
    dialogue,
    entities,
    leading,
    multilabel,
    pairs,
    regression,
    relations,
    spans,
    summarization,
    tokens,
    translation,
)
from distill.metrics.bootstrap import paired_bootstrap

RELATIONS = ["Cause-Effect(e1,e2)", "Cause-Effect(e2,e1)", "Message-Topic(e1,e2)", "Other", "Sibling"]
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
WORDS = ["the", "cats", "sat", "on", "a", "mat", "while", "3", "dogs", "ran", "over", "hills", "far", "away"]
SIZE = 60


def labels(chance, count, right=None):
    return [right[n] if right and chance.random() < 0.6 else chance.randrange(count) for n in range(SIZE)]


def flags(chance):
    return [[chance.randrange(2) for _ in range(3)] for _ in range(SIZE)]


def sentences(chance, like=None):
    if like is None:
        return [[chance.choice(TAGS) for _ in range(chance.randrange(9))] for _ in range(SIZE)]
    return [[tag if chance.random() < 0.7 else chance.choice(TAGS) for tag in sentence] for sentence in like]


def text(chance):
    return " ".join(chance.choices(WORDS, k=chance.randint(1, 12)))


def examples(module):
    """Predictions, references and names of ``SIZE`` examples."""
    chance = random.Random(3)  # noqa: S311
    if module in (entities, tokens):
        gold = sentences(chance)
        return sentences(chance, gold), gold, TAGS
    if module is multilabel:
        return flags(chance), flags(chance), ["a", "b", "c"]
    if module is regression:
        gold = [chance.gauss(2, 1) for _ in range(SIZE)]
        return [score + chance.gauss(0, 0.5) for score in gold], gold, []
    if module is dialogue:
        replies = [
            {"nll": 9 * chance.random(), "tokens": chance.randint(1, 9), "text": text(chance)} for _ in "x" * SIZE
        ]
        return replies, [text(chance) for _ in range(SIZE)], []
    if module in (spans, summarization, translation):
        gold = [[text(chance) for _ in range(chance.randint(1, 3))] for _ in range(SIZE)]
        return [each[0][:-4] + text(chance) for each in gold], gold, []
    names = RELATIONS if module is relations else ["a", "b"]
    gold = labels(chance, len(names))
    return labels(chance, len(names), gold), gold, names


MODULES = [
    classification, dialogue, entities, multilabel, pairs, regression, relations, spans, summarization, tokens,
    translation,
]  # fmt: skip
GROUPED = [dialogue, regression, spans, summarization, translation]
every = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
grouped = pytest.mark.parametrize("module", GROUPED, ids=lambda module: module.__name__.rpartition(".")[2])
leaders = pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param(module, metric.headline.name, id=f"{module.__name__.rpartition('.')[2]}-{metric.headline.name}")
        for module in MODULES
        for metric in module.LEADING
    ],
)
GROUPS = [f"{n % 12} words" for n in range(SIZE)]


def scored(module, rows=range(SIZE)):
    predictions, references, names = examples(module)
    return module.score(
        [predictions[row] for row in rows], [references[row] for row in rows], names, [GROUPS[row] for row in rows]
    )


@every
def test_the_headline_comes_first_and_from_the_statistics(module):
    found = scored(module)
    assert next(iter(found.metrics)) == module.HEADLINE.name
    assert module.HEADLINE.mode == ("min" if module is dialogue else "max")
    statistics = found.statistics[module.HEADLINE.name]
    assert len(statistics) == SIZE
    assert found.metrics[module.HEADLINE.name] == pytest.approx(module.headline(statistics), abs=1e-9)
    assert 0 < found.metrics[module.HEADLINE.name] != 1


@every
def test_the_headline_is_the_first_that_can_lead(module):
    assert module.LEADING[0] == (module.HEADLINE, module.headline, module.WATCHED)
    assert leading(module, None) is module.LEADING[0]
    assert list(scored(module).statistics) == [metric.headline.name for metric in module.LEADING]


@leaders
def test_a_metric_that_leads_is_for_any_examples_what_they_score_alone(module, name):
    compute, statistics = leading(module, name).compute, scored(module).statistics[name]
    assert len(statistics) == SIZE
    chance = random.Random(5)  # noqa: S311
    for size in (1, 2, 3, 10, 30, SIZE):
        rows = chance.choices(range(SIZE), k=size)
        alone = scored(module, rows).metrics[name]
        assert compute(statistics[rows]) == pytest.approx(alone, abs=1e-9, nan_ok=True)
    assert 0 < compute(statistics) != 1


@leaders
def test_only_the_sum_of_the_statistics_counts(module, name):
    compute, statistics = leading(module, name).compute, scored(module).statistics[name]
    halves = np.stack([statistics[::2].sum(axis=0), statistics[1::2].sum(axis=0)])
    assert compute(halves) == pytest.approx(compute(statistics), abs=1e-9)


@leaders
def test_a_metric_that_leads_is_moved_to_the_front(module, name):
    found = scored(module)
    led = found.led_by(name).metrics
    assert next(iter(led)) == name
    assert led == found.metrics
    assert [other for other in led if other != name] == [other for other in found.metrics if other != name]


@pytest.mark.parametrize("module", [classification, pairs])
@pytest.mark.parametrize("name", ["accuracy", "f1"])
def test_labels_that_examples_lack_are_left_out_of_their_mean(module, name):
    gold = [0, 0, 1, 1, 2, 2, 0, 1]
    guesses = [0, 1, 1, 1, 2, 0, 0, 2]
    names, whole = ["a", "b", "c"], slice(None)
    statistics = module.score(guesses, gold, names, []).statistics[name]
    for rows in ([0, 0, 6], [0, 1, 3], [4, 5], whole):
        some = [np.array(labels)[rows].tolist() for labels in (guesses, gold)]
        alone = module.score(*some, names, []).metrics[name]
        assert leading(module, name).compute(statistics[rows]) == pytest.approx(alone, abs=1e-12)


@pytest.mark.parametrize(("module", "name"), [(regression, "spearman"), (dialogue, "distinct_1"), (pairs, "matthews")])
def test_what_no_sum_over_examples_gives_cannot_lead(module, name):
    with pytest.raises(KeyError, match=name):
        leading(module, name)


@every
def test_what_is_scored_can_be_written_down(module):
    found = scored(module)
    assert json.loads(json.dumps([found.metrics, found.table])) == [found.metrics, found.table]
    assert {type(value) for value in found.metrics.values()} == {float}
    for row in found.table.values():
        assert list(row)[-1] == "support"
        assert {name: type(value) for name, value in row.items()} == dict.fromkeys(row, float) | {"support": int}


@leaders
def test_a_thousand_resamples_of_both_models_take_seconds(module, name):
    statistics = np.tile(scored(module).statistics[name], (17, 1))
    start = time.process_time()
    gain = paired_bootstrap(leading(module, name).compute, statistics, statistics)
    assert time.process_time() - start < 4
    assert gain == (0, 0, 0)


@every
def test_no_example_is_refused(module):
    with pytest.raises(ValueError, match=r"^there is no example to score$"):
        module.score([], [], examples(module)[2], [])


@every
def test_a_prediction_too_few_is_refused(module):
    predictions, references, names = examples(module)
    with pytest.raises(ValueError, match=r"^59 predictions for 60 references$"):
        module.score(predictions[1:], references, names, GROUPS)


@grouped
def test_groups_are_ordered_by_the_numbers_in_their_names_and_cover_all_examples(module):
    table = scored(module).table
    assert list(table) == [f"{n} words" for n in range(12)]
    assert [row["support"] for row in table.values()] == [5] * 12


@grouped
def test_a_group_scores_what_its_examples_score_alone(module):
    alone = scored(module, range(7, SIZE, 12))
    assert scored(module).table["7 words"] == pytest.approx(alone.table["7 words"], nan_ok=True)
    for name in set(alone.metrics) & set(alone.table["7 words"]):
        assert alone.table["7 words"][name] == pytest.approx(alone.metrics[name])


@grouped
def test_a_group_too_few_is_refused(module):
    with pytest.raises(ValueError, match=r"^59 groups for 60 examples$"):
        module.score(*examples(module), GROUPS[1:])


@pytest.mark.parametrize(
    ("module", "wrong", "shown"),
    [
        *((module, "a text", "'a text'") for module in (spans, summarization, translation)),
        *((module, [], r"\[\]") for module in (summarization, translation)),
    ],
)
def test_an_example_without_a_list_of_references_is_refused(module, wrong, shown):
    with pytest.raises(ValueError, match=f"^example 1 needs a list of one reference or more, not {shown}$"):
        module.score(["a", "b"], [["a"], wrong], [], ["x", "x"])


@pytest.mark.parametrize("module", [classification, pairs, relations])
@pytest.mark.parametrize("wrong", [-100, 5])
def test_a_position_that_no_label_has_is_refused(module, wrong):
    with pytest.raises(ValueError, match=f"^{wrong} is the position of none of the 5 labels$"):
        module.score([0, wrong], [0, 1], RELATIONS, ["", ""])


@pytest.mark.parametrize("module", [entities, tokens])
def test_a_sentence_with_a_tag_too_few_is_named(module):
    with pytest.raises(ValueError, match=r"^sentence 1 has 1 tags predicted for 2 in the reference$"):
        module.score([["O"], ["O"], []], [["O"], ["O", "O"], ["O"]], TAGS, [""] * 3)


@pytest.mark.parametrize("module", [entities, tokens])
def test_a_tag_without_a_name_is_refused(module):
    with pytest.raises(ValueError, match=r"^'B-ORG' is none of the tags \['O', 'B-PER', "):
        module.score([["O"]], [["B-ORG"]], TAGS, [""])


@pytest.mark.parametrize("module", [dialogue, summarization, translation])
def test_writing_is_watched_by_its_next_tokens(module):
    watched = module.collection(40)
    watched.update(torch.zeros(10, 40), torch.arange(10))
    assert {name: value.item() for name, value in watched.compute().items()} == pytest.approx(
        {"perplexity": 40, "accuracy": 0.1}, rel=1e-5
    )


EVERY = [
    classification, dialogue, entities, multilabel, pairs, regression, relations, spans, summarization, tokens,
    translation,
]  # fmt: skip


@pytest.mark.parametrize("module", EVERY)
def test_the_metric_that_early_stopping_reads_is_among_those_that_are_watched(module):
    assert module.WATCHED.name in module.collection(3)
    assert module.WATCHED.mode == ("min" if module.WATCHED.name == "perplexity" else "max")


@leaders
def test_early_stopping_reads_the_metric_that_leads_where_it_is_watched(module, name):
    headline, _, watched = leading(module, name)
    assert headline.mode == ("min" if name in ("perplexity", "mse") else "max")
    assert watched == (headline if name in module.collection(3) else module.WATCHED)


@pytest.mark.parametrize("module", [each for each in EVERY if each is not spans])
@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("classes", [2, 3])
def test_ranks_are_joined_only_when_asked(module, sync, classes):
    for metric in module.collection(classes, sync).values():
        assert metric.sync_on_compute is sync
        assert getattr(metric, "wrapped_metric", metric).sync_on_compute is sync

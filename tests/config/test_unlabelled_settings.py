"""Text without labels: what nothing reads, or what a task cannot follow, is named before training."""

import pytest

from distill.config.schema import Config
from distill.config.validate import problems
from distill.tasks import TASKS


def run(task="classification", **given):
    """The settings of a run, by dotted keys with __ for dots."""
    config = Config(task=task)
    for key, value in given.items():
        *path, name = key.replace("__", ".").split(".")
        section = config
        for each in path:
            section = getattr(section, each)
        setattr(section, name, value)
    return config


@pytest.mark.parametrize(("name", "value"), [("threshold", 0.9), ("labels", "hard"), ("rounds", 2)])
def test_without_text_there_is_nothing_to_be_sure_of(name, value):
    where = "text without labels; give it as data.unlabelled.path=FILE, or make it by augment.methods"
    given = {f"distill__unlabelled__{name}": value}
    assert problems(run(**given)) == [f"distill.unlabelled.{name}={value}: belongs to {where}"]
    assert problems(run(**given, augment__methods=["ngrams"])) == []
    assert problems(run(**given, data__unlabelled__path=".")) == []
    assert problems(run(**given, data__unlabelled__rest=True, data__limit__per_label=3)) == []


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(threshold):
    (said,) = problems(run(distill__unlabelled__threshold=threshold, data__unlabelled__path="."))
    assert said == f"distill.unlabelled.threshold={threshold}: allowed is null, or a number between 0 and 1"


def test_scores_and_places_have_no_labels_that_one_is_sure_of():
    labels = "classification, pair_classification, multilabel_classification, token_classification, relation_extraction"
    for task in ("regression", "question_answering"):
        config = run(task, data__unlabelled__path=".", distill__unlabelled__threshold=0.9)
        assert f"distill.unlabelled.threshold=0.9: belongs to {labels}; allowed is null" in problems(config)


def test_hard_labels_are_counted_by_the_term_of_labels():
    config = run(data__unlabelled__path=".", distill__unlabelled__labels="hard", distill__hard__weight=0.0)
    said = "distill.unlabelled.labels=hard: is what distill.hard counts, whose weight is 0; give it one above 0"
    assert problems(config) == [said]
    alone = run(data__unlabelled__path=".", distill__unlabelled__labels="hard", distill__soft__weight=0.0)
    assert problems(alone) == [], "the teacher's labels are what comes from it"


def test_rounds_need_rows_that_any_tokens_have():
    config = run("question_answering", data__unlabelled__path=".", distill__unlabelled__rounds=2)
    said = "distill.unlabelled.rounds=2: question_answering compares token by token; allowed is 1"
    assert said in problems(config)
    assert problems(run(data__unlabelled__path=".", distill__unlabelled__rounds=2, distill__hidden__weight=1.0)) == []


def test_texts_are_made_where_words_may_be_missing():
    makes = ("classification", "pair_classification", "multilabel_classification", "regression", "token_classification")
    for task in TASKS:
        said = [line for line in problems(run(task, augment__methods=["dropping"])) if line.startswith("augment")]
        assert bool(said) is (task not in makes), task
    why = "words that mark, answer or are written would be missing in relation_extraction"
    assert problems(run("relation_extraction", augment__methods=["ngrams"])) == [
        f"augment.methods=['ngrams']: {why}; it is for {', '.join(makes)}"
    ]


def test_settings_of_other_methods_are_named():
    assert problems(run(augment__copies=3, augment__methods=["ngrams"], augment__share=0.3)) == [
        "augment.share=0.3: belongs to augment.methods with masked_lm or dropping"
    ]
    assert problems(run(augment__longest=3)) == ["augment.longest=3: belongs to augment.methods with ngrams"]
    assert problems(run(augment__methods=["cutting"])) == [
        "augment.methods=['cutting']: allowed is any of masked_lm, ngrams, dropping, each once, or []"
    ]
    assert problems(run(augment__methods=["masked_lm"], pretrain__max_epochs=0)) == [
        "augment.methods: masked_lm asks the model that pretrain makes, but pretrain.max_epochs=0 trains none"
    ]
    (said,) = problems(run(augment__methods=["ngrams"], augment__of="all"))
    assert said.startswith("augment.of=all: there is no text without labels")


def test_what_a_limit_leaves_out_needs_a_limit():
    assert problems(run(data__unlabelled__rest=True)) == [
        "data.unlabelled.rest=true: is what a limit of train leaves out; give data.limit.per_label or .train"
    ]


def test_train_has_one_limit_and_labels_that_exclude_each_other():
    (said,) = problems(run(data__limit__per_label=3, data__limit__train=9))
    assert said == "data.limit.per_label=3: data.limit.train=9 is another limit of train; leave one of them out"
    (said,) = problems(run("multilabel_classification", data__limit__per_label=3))
    whose = "classification, pair_classification, relation_extraction"
    assert said == f"data.limit.per_label=3: belongs to {whose}; allowed is null"


@pytest.mark.parametrize("name", ["test", "train", "unlabelled", "a/b", "", ".."])
def test_another_domain_has_a_name_of_its_own(name):
    (said,) = problems(run(evaluate__also={name: "."}))
    assert said.startswith(f"evaluate.also={{'{name}': '.'}}: allowed is {{NAME: PATH}} with names of letters")
    assert problems(run(evaluate__also={"reviews": "."})) == []
    assert problems(run(evaluate__also={"reviews": "none.tsv"})) == [
        "evaluate.also.reviews=none.tsv: there is no such file or folder"
    ]

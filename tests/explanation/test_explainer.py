"""Whole models of every task, and of every kind of student, explained."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from predicted import LABELS, TEXTS, inputs, made, of_python
from transformers import AutoModelForSequenceClassification

from distill.errors import ConfigError
from distill.explanation.attribution import Rule
from distill.explanation.explainer import Explainer, refuse_others, targets
from distill.explanation.reading import read
from distill.inference.predictor import Predictor
from distill.models import bilstm, loading, static
from distill.models.tokenizer_training import train
from distill.tasks import task

TOLD = ("classification", "pair_classification", "multilabel_classification", "regression", "token_classification",
        "relation_extraction")  # fmt: skip


def explain(model, row, gold=None, baseline="mask"):
    explainer = Explainer(model, Rule(steps=32), baseline)
    (answer,) = explainer.answers([row])
    return answer, explainer.explain(row, targets(explainer, answer, gold, []))


@pytest.mark.parametrize("name", TOLD)
def test_words_add_up_to_what_the_model_says(tmp_path, name):
    model = Predictor.load(made(name, tmp_path / "model"), format="torch")
    row = inputs(name)[1]
    answer, explained = explain(model, row, LABELS.get(name, (None,))[0])
    assert explained
    for each in explained:
        assert each.attribution.relative <= 0.02
        sums = each.reading.by_word(each.attribution.values)
        assert np.nansum(np.array(sums, dtype=float)) == pytest.approx(each.attribution.values.sum(), abs=1e-6)
    assert {each.target.label for each in explained} >= ({answer["label"]} if "label" in answer else set())


def test_the_value_is_the_logit_minus_the_mean_of_all(tmp_path):
    model = Predictor.load(made("classification", tmp_path / "model"), format="torch")
    row = inputs("classification")[1]
    (logits,) = model.ask(model.encode([row]))
    answer, (first, second) = explain(model, row, "yes" if model.predict([row])[0]["label"] == "no" else "no")
    column = model.form.labels.index(answer["label"])
    assert first.target.label == answer["label"]
    assert first.attribution.value == pytest.approx(logits[0, column] - logits[0].mean(), abs=1e-5)
    np.testing.assert_allclose(first.attribution.values, -second.attribution.values, atol=1e-5)


@pytest.mark.parametrize("kind", ["bilstm", "static", "gpt2"])
def test_students_without_attention_and_decoders_are_explained(tmp_path, kind):
    folder = made("classification", tmp_path / "model")
    tokenizer = loading.load_tokenizer(folder)
    torch.manual_seed(1)
    if kind == "gpt2":
        from transformers import GPT2Config

        config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=64)
        config.pad_token_id = tokenizer.pad_token_id
        tokenizer.model_input_names = ["input_ids", "attention_mask"]  # it reads kinds of text as if they were tokens
    elif kind == "static":
        config = static.configured(tokenizer, len(tokenizer), 16, 1, 0.1)
    else:
        config = bilstm.BiLstmConfig(vocab_size=len(tokenizer), embedding_size=8, lstm_size=6)
    loading.name_labels(config, ["no", "yes"], "class")
    model = AutoModelForSequenceClassification.from_config(config)
    (folder / "model.safetensors").unlink()
    loading.save(model, tokenizer, folder)
    _, explained = explain(Predictor.load(folder, task="classification", format="torch"), {"text": TEXTS[0]})
    assert all(each.attribution.relative <= 0.02 for each in explained)
    assert np.abs(explained[0].attribution.values).sum() > 0


def test_control_tokens_stay_in_the_baseline_and_the_unknown_one_does_not(tmp_path):
    model = Predictor.load(made("classification", tmp_path / "model"), format="torch")
    _, (found,) = explain(model, {"text": "Paris \u2603"})
    values = dict(zip(found.reading.tokens, found.attribution.values.tolist(), strict=True))
    assert values[model.tokenizer.cls_token] == values[model.tokenizer.sep_token] == 0
    assert values[model.tokenizer.unk_token] != 0


def test_another_baseline_is_another_question(tmp_path):
    model = Predictor.load(made("classification", tmp_path / "model"), format="torch")
    differences = {
        baseline: explain(model, {"text": TEXTS[0]}, baseline=baseline)[1][0].attribution.difference
        for baseline in ("mask", "pad")
    }
    assert differences["mask"] != pytest.approx(differences["pad"], rel=1e-3)


def test_a_word_is_the_sum_of_its_tokens(tmp_path):
    model = Predictor.load(made("classification", tmp_path / "model"), format="torch")
    reading = read(model, {"text": "The committee, in Zürich (Berlin)."})
    assert [word.text for word in reading.words] == ["The", "committee", ",", "in", "Zürich", "(", "Berlin", ")."]
    used = [token for word in reading.words for token in word.tokens]
    assert used == list(range(1, len(reading.tokens) - 1))
    values = np.arange(len(reading.tokens), dtype=float)
    assert sum(reading.by_word(values)) == sum(used)


def test_models_with_other_tokenizers_are_read_by_the_same_words(tmp_path):
    model = Predictor.load(made("classification", tmp_path / "model"), format="torch")
    other = replace(
        model, tokenizer=train("decoder", TEXTS, vocab_size=330, max_length=48)
    )  # byte by byte, with spaces
    one, two = (read(each, {"text": "who built the tower in Zürich ?"}) for each in (model, other))
    assert [word.text for word in one.words] == [word.text for word in two.words]
    assert one.tokens != two.tokens
    for reading in (one, two):
        named = ["".join(reading.tokens[at] for at in word.tokens).strip("#Ġ") for word in reading.words]
        assert named[:2] == ["who", "built"]


def test_tokens_stand_for_themselves_where_their_places_are_not_known(tmp_path):
    folder = made("classification", tmp_path / "model")
    of_python(folder)
    reading = read(Predictor.load(folder, format="torch"), {"text": "Paris was built"})
    assert [word.text for word in reading.words] == list(reading.tokens)
    assert reading.words[1].tokens == (1,)


def test_words_that_were_cut_off_have_no_number(tmp_path):
    model = Predictor.load(made("classification", tmp_path / "model"), max_length=8, format="torch")
    reading = read(model, {"text": TEXTS[0]})
    sums = reading.by_word(np.ones(8))
    assert sums[0] is not None
    assert sums[-1] is None
    assert " ".join(word.text for word in reading.words) == TEXTS[0]


def test_marks_of_entities_are_words_of_their_own(tmp_path):
    model = Predictor.load(made("relation_extraction", tmp_path / "model"), format="torch")
    reading = read(model, {"text": "<e1>Paris</e1> and <e2>Berlin</e2>."})
    assert [word.text for word in reading.words] == [
        "<e1>", "Paris", "</e1>", "and", "<e2>", "Berlin", "</e2>", ".",
    ]  # fmt: skip
    _, explained = explain(model, {"text": "<e1>Paris</e1> and <e2>Berlin</e2>."})
    sums = explained[0].reading.by_word(explained[0].attribution.values)
    assert [sums[at] for at in (0, 2, 4, 6)] == [0, 0, 0, 0]


def test_the_tag_that_is_explained_is_of_the_word_that_models_part_on(tmp_path):
    model = Predictor.load(made("token_classification", tmp_path / "model"), format="torch")
    explainer = Explainer(model, Rule(steps=8))
    row = {"tokens": " ".join(TEXTS * 6).split()}  # of several windows
    (answer,) = explainer.answers([row])
    other = {"tags": [*answer["tags"]]}
    at = len(row["tokens"]) - 2
    other["tags"][at] = next(tag for tag in LABELS["token_classification"] if tag != answer["tags"][at])
    (target,) = targets(explainer, answer, None, [other])
    assert (target.place, target.label) == (at, answer["tags"][at])
    (found,) = explainer.explain(row, [target])
    assert [word.text for word in found.reading.words] == row["tokens"]
    assert found.reading.words[0].tokens == ()
    assert found.reading.words[at].tokens


def test_of_several_labels_those_are_explained_that_not_all_give(tmp_path):
    explainer = Explainer(Predictor.load(made("multilabel_classification", tmp_path / "model"), format="torch"), Rule())
    answer = {"labels": ["a"], "probabilities": {"a": 0.9, "b": 0.2, "c": 0.4}}
    labels = [each.label for each in targets(explainer, answer, ["a", "b"], [{"labels": ["c", "a"]}])]
    assert labels == ["c", "b"]
    assert [each.label for each in targets(explainer, answer, None, [])] == ["a"]
    nothing = {**answer, "labels": []}
    assert [each.label for each in targets(explainer, nothing, None, [])] == ["a"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("question_answering", "an answer is two places in a window of the context, not one number"),
        ("translation", "a text that is written is a choice for each of its tokens, not one number"),
    ],
)
def test_tasks_without_a_number_are_refused(name, why):
    with pytest.raises(ConfigError) as refused:
        refuse_others(name, task(name))
    assert str(refused.value).startswith(f"a model of {name} cannot be explained: {why}; allowed is a model of classif")

"""A fine-tuned teacher is asked before anything is trained."""

import re

import pytest
import run_parts
import torch
from datasets import Dataset
from pretrained import classifier

from distill.config.schema import Config
from distill.data.prepared import Prepared
from distill.errors import ModelError
from distill.models import from_scratch, loading
from distill.models.special_tokens_as_text import read_as_text
from distill.models.tokenizer_training import train
from distill.pipeline import acceptance, checked_rows, teacher_answers, teacher_check
from distill.pipeline.chain import Chain
from distill.pipeline.plan import Planned
from distill.pipeline.store import Store
from distill.stages.job import RunContext
from distill.tasks import task

WORDS = {"neg": ["bad", "dull", "weak"], "pos": ["good", "bright", "strong"]}
FILLING = ["the film", "a story", "one more scene of the long evening"]
END = (
    "; give the checkpoint that was fine-tuned for this data, fine-tune it here without teacher.finetuned=true, or go "
    "on with teacher.accept=true"
)


def rows(count):
    texts = [f"{FILLING[at % 3]} {WORDS[('neg', 'pos')[at % 2]][at % 3]} {at % 7}" for at in range(count)]
    return Dataset.from_dict({"text": texts, "label": [at % 2 for at in range(count)], "key": list(range(count))})


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A checkpoint with the outputs pos, neutral and neg that has learnt which words are good."""
    folder, data = tmp_path_factory.mktemp("learnt"), rows(84)
    tokenizer = read_as_text(train("encoder", data["text"][:], vocab_size=200, max_length=32))
    torch.manual_seed(0)
    size = from_scratch.Size(layers=1, hidden_size=32, heads=2, intermediate_size=32)
    config = from_scratch.config("encoder", tokenizer, size, max_length=32, dropout=0.0)
    loading.name_labels(config, ["pos", "neutral", "neg"], "class")
    model = loading.from_config(config, task("classification").head)
    inputs = tokenizer(data["text"][:], padding=True, return_tensors="pt")
    right, optimizer = torch.tensor([2 if label == 0 else 0 for label in data["label"]]), torch.optim.AdamW(
        model.parameters(), lr=5e-3
    )  # fmt: skip
    for _ in range(30):
        optimizer.zero_grad()
        model(**inputs, labels=right).loss.backward()
        optimizer.step()
    loading.save(model, tokenizer, folder)
    return folder


def spec_of(folder, validation=80, **settings):
    config = Config()
    config.teacher.model, config.teacher.finetuned, config.teacher.labels_subset = str(folder), True, True
    config.trainer.accelerator, config.data.max_length = "cpu", 32
    for name, value in settings.items():
        setattr(config.teacher, name, value)
    splits = {"train": rows(30), "validation": rows(validation)}
    return run_parts.spec_of(config, Prepared(splits, ("neg", "pos"), "words", "local", None, ()))


def ask(spec, who="first"):
    return teacher_check.check_teacher(spec, run_parts.examples_of(spec), who)


def test_a_teacher_that_knows_the_rows_is_taken_and_what_it_gets_right_is_said(learnt, caplog):
    with caplog.at_level("INFO"):
        assert ask(spec_of(learnt)) is None
    assert "of 80 rows of validation, the teacher gets 100.0% of them right, and who always says 'neg' 50.0%" in (
        caplog.text
    )


@pytest.mark.parametrize(("who", "key"), [("first", "teacher"), ("second", "more_teachers.second")])
def test_a_teacher_whose_outputs_are_named_wrongly_is_refused_with_the_right_names(learnt, who, key):
    spec = spec_of(learnt, labels=["neg", "neutral", "pos"])
    with pytest.raises(ModelError) as raised:
        ask(spec, who)
    assert str(raised.value) == (
        f"{key}.model={learnt}: of 80 rows of validation, the teacher gets 0.0% of them right, and who always says "
        "'neg' 50.0%; its outputs seem to be named wrongly: with others it would get 100.0% right; "
        f"{key}.labels=[pos,neutral,neg] names them so{END.replace('teacher.', f'{key}.')}"
    )
    spec.config.teacher.accept = True
    assert ask(spec, who).endswith(f"'neg' 50.0%; gone on with, {key}.accept=true")


@pytest.mark.parametrize("change", ["random", "constant"])
def test_a_head_that_has_not_learnt_is_refused(learnt, tmp_path, change):
    model = loading.load_model(learnt, task("classification").head)
    with torch.no_grad():
        model.classifier.weight.zero_() if change == "constant" else model.classifier.weight.normal_(0, 1e-4)
    loading.save(model, loading.load_tokenizer(learnt), tmp_path / "made")
    with pytest.raises(ModelError, match=r"gets 50\.0% of them right, and who always says 'neg' 50\.0%"):
        ask(spec_of(tmp_path / "made"))


def test_an_output_that_a_teacher_rules_out_is_an_answer(learnt, tmp_path):
    model = loading.load_model(learnt, task("classification").head)
    with torch.no_grad():
        model.classifier.bias[0] = -torch.inf
    model.save_pretrained(tmp_path / "made")
    loading.load_tokenizer(learnt).save_pretrained(tmp_path / "made")
    with pytest.raises(ModelError, match=r"gets 50\.0% of them right, and who always says 'neg' 50\.0%"):
        ask(spec_of(tmp_path / "made"))


def test_answers_that_are_not_finite_are_refused_whatever_is_accepted(learnt, tmp_path):
    model = loading.load_model(learnt, task("classification").head)
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(3e38)
    loading.save(model, loading.load_tokenizer(learnt), tmp_path / "made")
    said = f"teacher.model={tmp_path}/made: the teacher answers a row of validation with numbers that are not finite"
    with pytest.raises(ModelError, match=f"^{re.escape(said)}$"):
        ask(spec_of(tmp_path / "made", accept=True))


def test_a_teacher_whose_answers_depend_on_the_batch_is_refused(learnt, monkeypatch):
    asked = teacher_answers.outputs

    def beside(model, batch):
        found = asked(model, batch)
        found.logits.add_(float(batch["input_ids"].shape[1]))
        return found

    monkeypatch.setattr(teacher_answers, "outputs", beside)
    with pytest.raises(ModelError, match="the teacher answers one otherwise beside a longer text than alone"):
        ask(spec_of(learnt))


def test_a_small_validation_is_helped_out_by_train_and_labels_come_in_turn(learnt):
    drawn, source = checked_rows.draw_rows(spec_of(learnt, validation=8))
    assert (len(drawn), source) == (38, "validation and train")
    spec = spec_of(learnt, validation=80)
    spec.data.splits["validation"] = rows(80).select([*range(0, 80, 2), 1, 3, 5])
    labels = checked_rows.draw_rows(spec)[0]["label"][:]
    assert sorted(labels[:6]) == [0, 0, 0, 1, 1, 1]
    assert checked_rows.draw_rows(spec)[0]["label"][:] == labels


def test_a_large_teacher_is_asked_about_fewer_rows(learnt, monkeypatch):
    spec = spec_of(learnt)
    asked = teacher_answers._load_teacher(spec, run_parts.examples_of(spec), "teacher", {})
    features = asked.examples.encode(rows(80), asked.tokenizer)
    monkeypatch.setattr(checked_rows, "_OPERATIONS", 0)
    kept, left = checked_rows.affordable_rows(asked.model, rows(80), features)
    assert kept["key"][:] == left["key"][:] == list(range(50))


def test_a_teacher_is_asked_unless_its_answers_are_in_the_store(learnt, tmp_path, monkeypatch):
    asked, spec, store = [], spec_of(learnt), Store(tmp_path / "store")
    monkeypatch.setattr(acceptance, "check_teacher", lambda spec, examples, name, inputs: asked.append(name))
    stages = {name: Planned(name, name, spec, {}, {}, "0" * 12) for name in ("teach", "distill", "control")}

    def times(*names):
        asked.clear()
        chain = Chain(spec, RunContext(tmp_path, ""), run_parts.examples_of(spec), store)
        assert not any(acceptance.accepted_before_training(chain, {name: stages[name] for name in names}).values())
        return len(asked)

    assert [times("teach", "distill"), times("distill"), times("control")] == [1, 1, 0]
    for name in ("teach", "distill"):
        store.partial(stages[name].name)
        store.finish(stages[name].name, {"stage": name, "fingerprint": "0" * 12, "seconds": 0.0, "result": {}})
    assert [times("teach", "distill"), times("distill")] == [0, 0]
    spec.config.teacher.finetuned = False
    assert times("teach") == 0


def fine_tuned_here(learnt, tmp_path, validation, **settings):
    """A run that has fine-tuned a teacher whose head knows nothing, and the stage that did."""
    folder = classifier(tmp_path / "finetune-0123456789ab" / "model")
    model = loading.load_model(folder, task("classification").head)
    with torch.no_grad():
        model.classifier.weight.zero_()
    loading.save(model, loading.load_tokenizer(folder), folder)
    spec = spec_of(learnt, validation=validation, finetuned=False, **settings)
    return spec, {"finetune": tmp_path / "finetune-0123456789ab"}


def check(spec, inputs):
    return teacher_check.check_teacher(spec, run_parts.examples_of(spec), "first", inputs)


def test_nobody_learns_from_a_teacher_that_the_run_has_taught_nothing(learnt, tmp_path):
    spec, inputs = fine_tuned_here(learnt, tmp_path, 120)
    with pytest.raises(ModelError) as raised:
        check(spec, inputs)
    assert str(raised.value) == (
        "teacher as fine-tuned here: of 120 rows of validation, the teacher gets 50.0% of them right, and who always "
        "says 'neg' 50.0%, so a student would learn nothing from it; fine-tune it for longer (finetune.max_epochs, "
        "finetune.min_steps), give it more data or a pretrained model (teacher.model), or go on with "
        "teacher.accept=true"
    )
    spec.config.teacher.accept = True
    assert check(spec, inputs).endswith("'neg' 50.0%; gone on with, teacher.accept=true")


def test_few_rows_cannot_tell_whether_a_teacher_has_learnt(learnt, tmp_path):
    said = check(*fine_tuned_here(learnt, tmp_path, 80))
    assert said.endswith("who always says 'neg' 50.0%; gone on with, since so few rows cannot tell")

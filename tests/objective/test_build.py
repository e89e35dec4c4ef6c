"""Every term of the settings reaches the student, through the whole chain on small runs with three labels."""

import csv
import functools
import json
import random
import re
from dataclasses import fields, replace
from pkgutil import resolve_name
from types import SimpleNamespace

import pytest
import torch
from run_parts import spec_of
from safetensors.torch import load_file

from distill.config.schema import Config
from distill.errors import DistillError
from distill.models.bilstm import BiLstmConfig
from distill.models.sources import ModelSources
from distill.models.static import StaticConfig
from distill.objective import Schedule
from distill.objective import build as objectives
from distill.objective.settings import TermsConfig, active, described, terms
from distill.objective.specs import TERM_SPECS
from distill.objective.terms.divergences import Soft
from distill.objective.terms.gold import Hard, HardLabels, HardScore
from distill.objective.terms.scores import SoftLabels, SoftScore
from distill.pipeline import expected_shapes, preflight
from distill.pipeline.prepare_data import prepare
from distill.tasks import task
from distill.types import ModelShape

WORDS = {"good": ["fine", "lovely", "great"], "bad": ["dull", "poor", "weak"], "so": ["plain", "usual", "fair"]}
LOGITS = [name for name, spec in TERM_SPECS.items() if spec.reads in ("labels", "logits")]
INSIDE = [name for name in TERM_SPECS if name not in LOGITS]


def weighted(*names, weight=0.1):
    return [f"distill.{name}.weight={weight}" for name in names]


def write(folder):
    draw = random.Random(0)  # noqa: S311
    for split, rows in {"train": 96, "validation": 24, "test": 24}.items():
        lines = ["text\tlabel"]
        for number in range(rows):
            label = list(WORDS)[number % 3]
            others = " ".join(draw.choice(["the", "film", "of", "a", "play", "is"]) for _ in range(draw.randint(2, 9)))
            lines.append(f"{number} {others} {draw.choice(WORDS[label])}\t{label}")
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def run(tmp_path_factory, inside_of):
    """Runs on one store, after a teacher was made; each gives its curves, its student and its report."""
    command = inside_of(tmp_path_factory.mktemp("objectives"))
    write(command.folder)
    given = (
        f"data.path={command.folder}", "data.labels=null", "data.source=local", "data.columns.text=text",
        "data.limit.train=null", "data.limit.validation=null", "data.limit.test=null", "pretrain.max_epochs=0",
        "trainer.log_every_n_steps=1", "data.batch_size=32",
    )  # fmt: skip

    def run(name, *overrides, code=0):
        folder = command.folder / name
        out = command(*given, "stages=[distill]", f"hydra.run.dir={folder}", *overrides, code=code)
        if code:
            return out
        with (folder / "metrics.csv").open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["stage"] == "distill"]
        curves = {}
        for row in rows:
            curves.setdefault(row["name"], []).append(float(row["value"]))
        report = json.loads((folder / "report.json").read_text())
        (stage,) = (each for each in report["stages"] if each["name"] == "distill")
        made = command.store / f"distill-{stage['fingerprint']}" / "model" / "model.safetensors"
        return curves, load_file(made), report, out

    command(*given, "stages=[pretrain,finetune,teach]")
    return run


@pytest.fixture(scope="module")
def plain(run):
    """A student of hard and soft alone."""
    return run("plain")


def differ(one, other):
    assert one.keys() == other.keys(), "something of the objective is exported"
    return any(not torch.equal(one[name], other[name]) for name in one)


def test_all_terms_on_logits_and_labels_train_from_stored_outputs(run, plain):
    curves, student, report, _ = run("logits", *weighted(*LOGITS), "distill.taid.start=0.5")
    assert {f"train/{name}" for name in LOGITS} <= curves.keys()
    assert list(report["objective"]["terms"]) == LOGITS
    assert differ(student, plain[1])


def test_all_terms_on_states_attention_and_relations_train_a_narrower_student(run, plain):
    named = [*weighted(*INSIDE), "distill.relations.last_only=false", "distill.relations.heads=8"]
    curves, student, report, out = run("inside", *named)
    assert {f"train/{name}" for name in INSIDE} <= curves.keys()
    assert list(report["objective"]["terms"]) == ["hard", "soft", *INSIDE]
    assert all(value != 0 for name in INSIDE for value in curves[f"train/{name}"])
    assert differ(student, plain[1])
    assert "distill: done" in out


def test_a_student_that_begins_with_its_teachers_embeddings_may_follow_them(run, plain):
    """It equals the teacher in them at first, which says nothing of what comes."""
    made = ["student.init=teacher", "student.layers=1", "distill.optimizer.lr=1e-2", "distill.dropout=0"]
    made += weighted("embedding", "relations")
    curves, _, report, _ = run("its-own", *made)
    assert curves["train/embedding"][0] == 0 < curves["train/embedding"][-1]
    assert list(report["objective"]["terms"]) == ["hard", "soft", "embedding", "relations"]


def test_shares_set_the_weights_and_are_logged(run, plain):
    shares = {"hard": 10, "soft": 60, "relations": 30}
    named = ["distill.shares={" + ",".join(f"{name}:{share}" for name, share in shares.items()) + "}"]
    curves, student, report, _ = run("shares", *weighted("relations"), *named, "distill.shares_every=1")
    for name in shares:
        assert len(curves[f"train/share/{name}"]) == len(curves[f"train/{name}"]) == 3
    assert sum(curves[f"train/share/{name}"][-1] for name in shares) == pytest.approx(1)
    assert curves["train/share/soft"][-1] == pytest.approx(0.6, abs=0.15)
    assert report["objective"]["shares"] == shares
    other = run("other-shares", *weighted("relations"), named[0].replace("60", "20"), "distill.shares_every=1")
    assert differ(student, other[1])


def test_scheduled_weights_and_temperature_move_the_student_and_are_reported(run, plain):
    named = [
        "distill.temperature_schedule={kind: cosine, end: 1.0}", "distill.soft.schedule={kind: linear, end: 0.1}",
        "distill.logit_mse.weight=0.3", "distill.logit_mse.schedule={kind: warmup}",
    ]  # fmt: skip
    curves, student, report, _ = run("schedules", *named)
    assert "train/logit_mse" in curves, "a weight that begins at 0 is no term left out"
    assert differ(student, plain[1])
    goal = report["objective"]
    assert list(goal["schedules"]) == ["soft", "logit_mse"]
    assert goal["temperature_schedule"]["end"] == 1.0


# Without a run


@functools.cache
def prepared():
    config = Config()
    config.data.source, config.data.limit.train = "embedded", 64
    return prepare(config)


def section_of(change=None):
    """The objective's settings, changed."""
    section = Config().distill
    if change:
        change(section)
    return section


def run_of(change=None, task="classification", init="random"):
    """What a run of these settings is."""
    config = Config(task=task, distill=section_of(change))
    config.student.init = init
    return spec_of(config, prepared())


def with_checkpoint(spec, name, config, folder):
    """The same run, where an input is a checkpoint of this configuration."""
    config.save_pretrained(folder)
    return replace(spec, sources=ModelSources({name: folder}))


SHAPES = (ModelShape(2, 16, 2, (16, 16), False), ModelShape(4, 32, 4, (32, 32), False))


def test_every_term_of_the_settings_is_built_as_what_its_name_says():
    def all_of_them(section):
        for term in terms(section).values():
            term.weight = 0.25

    made = objectives.build_objective(section_of(all_of_them), "class", *SHAPES)
    assert list(made.terms) == list(terms(TermsConfig())) == list(TERM_SPECS)
    assert {name: type(term) for name, term in made.terms.items()} == {
        name: resolve_name(spec.implementation) for name, spec in TERM_SPECS.items()
    }
    assert made.terms["hidden"].pairs == ((0, 0), (1, 2), (2, 4))
    assert made.terms["pkd"].pairs == made.terms["cka"].pairs == ((1, 2), (2, 4))
    assert made.terms["attention"].pairs == ((0, 1), (1, 3))
    assert made.terms["relations"].pairs == ((1, 3),)
    assert made.terms["relations"].heads == 4
    assert not made.terms["relations"].causal


def test_every_setting_of_a_term_reaches_it():
    def other(section):
        for name, term in terms(section).items():
            term.weight = 0.25
            for each in fields(term):
                if each.name in CHANGED.get(name, {}):
                    setattr(term, each.name, CHANGED[name][each.name])
        section.temperature = 3.0

    made = objectives.build_objective(section_of(other), "class", *SHAPES).terms
    for name, changes in CHANGED.items():
        for setting, value in changes.items():
            if setting in ("layer_map", "last_only"):
                continue
            kept = "progress" if setting == "start" else setting
            assert getattr(made[name], kept) == value, f"{name}.{setting}"
    assert all(made[name].temperature == 3.0 for name, spec in TERM_SPECS.items() if spec.softened)
    assert made["hidden_cosine"].pairs == ((0, 0), (1, 1), (2, 2))
    assert made["relations"].pairs == ((0, 0), (1, 2))
    own = {
        name: {each.name for each in fields(term)} - {"weight", "schedule"}
        for name, term in terms(Config().distill).items()
    }
    layered = {name for name, settings in own.items() if settings == {"layer_map"}}
    assert {name for name, settings in own.items() if settings} - layered == CHANGED.keys() - layered | {"soft"}


CHANGED = {
    "js": {"beta": 0.3},
    "skew_kl": {"alpha": 0.2},
    "skew_reverse_kl": {"alpha": 0.3},
    "taid": {"start": 0.7},
    "dkd": {"alpha": 2.0, "beta": 3.0},
    "dist": {"inter": 2.0, "intra": 3.0},
    "hidden_cosine": {"layer_map": "first"},
    "relations": {"layer_map": "skip", "heads": 2, "last_only": False},
    "rkd_distance": {"of": "logits"},
    "rkd_angle": {"of": "logits", "limit": 7},
}


@pytest.mark.parametrize(
    ("name", "hard", "soft"),
    [
        ("classification", Hard, Soft),
        ("multilabel_classification", HardLabels, SoftLabels),
        ("regression", HardScore, SoftScore),
    ],
)
def test_hard_and_soft_follow_what_the_tasks_rows_mean(name, hard, soft):
    found = objectives.build_objective(section_of(), task(name).kind, *SHAPES).terms
    assert (type(found["hard"]), type(found["soft"])) == (hard, soft)


def test_schedules_begin_at_the_value_they_belong_to():
    def change(section):
        section.temperature_schedule.kind, section.temperature_schedule.end = "linear", 1.0
        section.soft.schedule.kind, section.soft.schedule.share = "two_phase", 0.25
        section.js.weight = 1.0

    made = objectives.build_objective(section_of(change), "class", *SHAPES)
    assert made.schedules["js"] == made.schedules["soft"] == {"temperature": Schedule("linear", 2.0, 1.0)}
    assert made.schedules["hard"] == {}
    made.at(0, 9)
    assert (made.weights["soft"], made.terms["js"].temperature) == (0.5, 2.0)
    made.at(4, 9)
    assert (made.weights["soft"], made.terms["js"].temperature) == (0.0, 1.5)


def test_only_what_is_read_decides_on_the_student():
    def found(change=None):
        return objectives.settings(section_of(change), "class")

    def sets(name, value, **more):
        def change(section):
            *parents, last = name.split(".")
            for parent in parents:
                section = getattr(section, parent)
            setattr(section, last, value)

        return change

    before = found()
    assert before == {"temperature": 2.0, "terms": {"hard": {"weight": 0.5}, "soft": {"weight": 0.5, "bounded": None}}}
    for name, value in {
        "js.beta": 0.1, "hidden.layer_map": "last", "relations.heads": 2, "shares_every": 5, "soft.schedule.end": 0.2,
    }.items():  # fmt: skip
        assert found(sets(name, value)) == before, f"{name} is not read"
    for name, value in {
        "js.weight": 0.1, "soft.weight": 0.4, "temperature": 3.0, "temperature_schedule.kind": "linear",
        "soft.schedule.kind": "linear", "shares": {"hard": 1.0, "soft": 2.0},
    }.items():  # fmt: skip
        assert found(sets(name, value)) != before, f"{name} is read"


def test_with_shares_the_weights_do_not_decide():
    def change(weight):
        def change(section):
            section.soft.weight, section.shares = weight, {"hard": 1.0, "soft": 2.0}

        return change

    one, other = (objectives.settings(section_of(change(weight)), "class") for weight in (0.1, 0.9))
    assert one == other


def test_the_report_lists_every_active_term_and_no_temperature_that_nothing_has():
    config = Config()
    config.distill.soft.weight, config.distill.relations.weight = 0.0, 0.75
    found = described(config.distill, "class")
    assert (
        found["terms"] == {"hard": 0.5, "relations": 0.75} == {n: t.weight for n, t in active(config.distill).items()}
    )
    assert found["temperature"] is None
    assert described(Config().distill, "score")["temperature"] is None
    assert described(Config().distill, "class")["temperature"] == 2.0


def refused(message, change):
    with pytest.raises(DistillError, match=f"^{re.escape(message)}$"):
        preflight.preflight(run_of(change))


def objective_refused(message, spec):
    """Of a run whose checkpoint is a configuration alone, its objective is refused."""
    with pytest.raises(DistillError, match=f"^{re.escape(message)}$"):
        preflight._objective(spec, spec.sources.configurations)


def test_a_term_that_needs_three_labels_is_refused_for_two_before_anything_is_made():
    def change(section):
        section.dkd.weight = 0.5

    refused(
        "distill.dkd.weight=0.5: needs three labels or more, not 2: beside the label there is one other class, "
        "which has nothing to be compared with; allowed is 0",
        change,
    )


def test_of_relations_the_labels_are_counted_and_not_the_two_outputs_of_each():
    config = Config(task="relation_extraction")
    config.distill.dkd.weight = 0.5
    spec = spec_of(config, SimpleNamespace(labels=("no", "yes"), unanswerable=False, splits={}, labelled={}))
    assert len(spec.setup.outputs) > 2
    objective_refused(
        "distill.dkd.weight=0.5: needs three labels or more, not 2: beside the label there is one other class, "
        "which has nothing to be compared with; allowed is 0",
        spec,
    )


def test_the_layers_that_relations_compare_are_those_that_are_noted():
    def change(section):
        section.relations.weight = 1.0

    assert objectives.layer_maps(section_of(change), *SHAPES) == {"relations": [(1, 3)]}


def test_relation_heads_that_do_not_divide_a_width_are_refused_before_anything_is_made():
    def change(section):
        section.relations.weight, section.relations.heads = 1.0, 3

    refused(
        "distill.relations.heads=3: queries, keys and values of student and teacher are 128 wide; "
        "allowed is a number that divides these widths",
        change,
    )


def test_a_layer_map_that_does_not_fit_is_refused_before_anything_is_made():
    def change(section):
        section.cka.weight, section.cka.layer_map = 1.0, "1,2"

    refused("distill.cka: layer map 1,2: allowed are 2 numbers, one a student layer, from 0 to 1", change)


def test_a_first_token_that_sees_no_other_is_not_compared(monkeypatch):
    def change(section):
        section.pkd.weight = 1.0

    monkeypatch.setattr(expected_shapes, "_shape", lambda *_: ModelShape(2, 16, 2, (16, 16), True))
    refused(
        "distill.pkd.weight=1.0: reads the first token, which sees no other in models that read from left to right; "
        "allowed is 0",
        change,
    )


def test_the_first_token_of_an_encoder_decoder_is_not_compared(monkeypatch):
    from transformers import T5Config

    def change(section):
        section.rkd_angle.weight = 50.0

    small = T5Config(vocab_size=30, d_model=16, d_kv=8, d_ff=16, num_layers=2, num_heads=2, num_labels=2)
    monkeypatch.setattr(preflight, "_checkpoints", lambda spec: {"teacher_checkpoint": small})
    refused(
        "distill.rkd_angle.weight=50.0: reads the first token, which the head of an encoder-decoder does not read; "
        "allowed is 0",
        change,
    )


def test_a_checkpoint_whose_attention_cannot_be_looked_into_is_refused_before_anything_is_made(tmp_path):
    from transformers import AlbertConfig

    def change(section):
        section.attention.weight = 1.0

    config = AlbertConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, embedding_size=8)
    objective_refused(
        "albert models: queries, keys and values cannot be found in their 2 layers, "
        "so distill.attention.weight and distill.relations.weight must be 0",
        with_checkpoint(run_of(change), "teacher_checkpoint", config, tmp_path),
    )


@pytest.mark.parametrize("term", ["hidden", "pkd"])
def test_states_of_a_checkpoint_without_layers_are_refused(term, tmp_path):
    def change(section):
        getattr(section, term).weight = 10.0

    objective_refused(
        f"distill.{term}.weight=10.0: reads hidden states, but a static student has no layers that make any; "
        "allowed is 0",
        with_checkpoint(run_of(change, init="checkpoint"), "student_checkpoint", StaticConfig(vocab_size=9), tmp_path),
    )


def test_the_first_token_of_a_bilstm_is_refused_also_where_it_comes_as_a_checkpoint(tmp_path):
    def change(section):
        section.pkd.weight = 10.0

    objective_refused(
        "distill.pkd.weight=10.0: reads the first token, of which half of a BiLSTM has read nothing else; allowed is 0",
        with_checkpoint(run_of(change, init="checkpoint"), "student_checkpoint", BiLstmConfig(vocab_size=9), tmp_path),
    )

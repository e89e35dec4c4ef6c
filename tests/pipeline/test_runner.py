"""The chain on a real, small run: what is reused, what is made again, what an interruption costs."""

import csv
import gc
import json
import re
import shutil
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel, pipeline

from distill.inference.torch_runtime import TorchRuntime
from distill.stages import supervised, teach

pytestmark = pytest.mark.slow

STAGES = ["pretrain", "finetune", "teach", "distill", "control", "evaluate", "export"]


def report(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def made(folder):
    return [stage["name"] for stage in report(folder)["stages"] if stage["status"] == "done"]


def stage_folder(command, run, stage):
    """The folder in the store of a stage of the run ``run``."""
    (found,) = (each for each in report(command.folder / run)["stages"] if each["name"] == stage)
    return command.store / f"{stage}-{found['fingerprint']}"


def weights(command, run, stage):
    return load_file(stage_folder(command, run, stage) / "model" / "model.safetensors")


@pytest.fixture(scope="module")
def again(finished):
    """Further runs on the store of the finished one."""
    command, _ = finished

    def run(name, *overrides):
        command(f"hydra.run.dir={command.folder}/{name}", *overrides)
        return command.folder / name

    return run


def test_a_run_leaves_what_its_folder_promises(finished):
    command, out = finished
    folder = command.folder / "run"
    assert {path.name for path in folder.iterdir()} == {
        "config.yaml", "export", "metrics.csv", "report.html", "report.json", "run.log",
    }  # fmt: skip
    assert made(folder) == STAGES
    assert all(
        (command.store / f"{stage['name']}-{stage['fingerprint']}").is_dir() for stage in report(folder)["stages"]
    )
    assert out.rstrip().endswith("export: run/export/student")
    assert "\r" not in out
    assert "%|" not in out


def test_the_report_has_the_agreed_fields_and_every_curve_its_name(finished):
    content = report(finished[0].folder / "run")
    assert {
        "schema",
        "name",
        "status",
        "data",
        "stages",
        "models",
        "gain",
        "fidelity",
        "exports",
        "environment",
    } <= set(content)
    assert content["data"]["rows"] == {"train": 192, "validation": 64, "test": 64}
    for model in ("teacher", "student", "control"):
        assert list(content["models"][model]["metrics"]) == ["validation", "test"]
        assert {"negative", "positive", "micro", "macro", "weighted"} == set(
            content["models"][model]["per_label"]["test"]
        )
        assert content["models"][model]["latency_ms"]["p50"] > 0
    assert content["gain"]["interval"][0] <= content["gain"]["difference"] <= content["gain"]["interval"][1]
    with (finished[0].folder / "run" / "metrics.csv").open(newline="") as file:
        named = {(row["stage"], row["name"]) for row in csv.DictReader(file)}
    assert {("distill", "train/hard"), ("distill", "train/soft"), ("control", "train/hard")} <= named
    assert ("control", "train/soft") not in named
    assert ("finetune", "validation/accuracy") in named


def test_the_export_gives_the_reports_score_again_to_a_user_of_transformers(finished):
    from distill.data.embedded import sentiment
    from distill.data.splits import limit

    folder = finished[0].folder / "run" / "export" / "student"
    content = report(finished[0].folder / "run")
    test = limit(sentiment.sample(), {"test": 64}, seed=42)["test"]
    guesses = pipeline("text-classification", model=str(folder))(test["text"][:], truncation=True)
    right = [
        guess["label"] == ("negative", "positive")[label] for guess, label in zip(guesses, test["label"], strict=True)
    ]
    accuracy = sum(right) / len(right)
    assert accuracy == pytest.approx(content["models"]["student"]["metrics"]["test"]["accuracy"])
    assert content["exports"][0]["metrics"]["test"]["accuracy"] == pytest.approx(accuracy)
    assert content["exports"][0]["max_logit_drift"] < 1e-4
    assert "license: unknown" in (folder / "README.md").read_text()


def test_the_control_starts_from_the_students_weights_and_ends_elsewhere(finished):
    student, control = (weights(finished[0], "run", stage) for stage in ("distill", "control"))
    assert {name: tensor.shape for name, tensor in student.items()} == {n: t.shape for n, t in control.items()}
    assert any(not torch.equal(student[name], control[name]) for name in student)


def test_a_second_run_reuses_every_stage_and_reports_the_same(finished, again):
    second = again("second")
    assert made(second) == []
    first = report(finished[0].folder / "run")
    assert report(second)["models"] == first["models"]
    assert report(second)["gain"] == first["gain"]
    assert report(second)["data"]["notes"] == first["data"]["notes"]
    assert (second / "export" / "student" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("override", "stages"),
    [
        ("distill.temperature=5", ["distill", "evaluate", "export"]),
        ("export.license=mit", ["export"]),
        ("evaluate.resamples=101", ["evaluate", "export"]),
    ],
)
def test_a_change_reruns_exactly_what_depends_on_it(again, override, stages):
    assert made(again(override.replace("=", "-"), override)) == stages


@pytest.mark.parametrize("stages", ["export", "evaluate", "distill,control,evaluate,export"])
def test_a_subset_of_the_stages_finds_what_the_whole_run_made(again, stages):
    folder = again(f"only-{len(stages)}", f"stages=[{stages}]")
    assert made(folder) == []
    models = report(folder.parent / "run")["models"]
    if "export" not in stages:  # which is who says it of its formats, and times them beside the others
        models = {
            name: {**model, "latency_grid_ms": None} for name, model in models.items() if model["role"] != "export"
        }
    assert report(folder)["models"] == models


def test_what_depends_on_a_setting_is_decided_by_the_plan(monkeypatch, tmp_path):
    """The same for many settings, without running them."""
    from run_parts import decided

    from distill.config.schema import Config
    from distill.pipeline.plan import plan
    from distill.pipeline.store import Store

    def names(change=None):
        config = Config()
        config.data.source, config.data.limit.train = "embedded", 64
        if change:
            change(config)
        return {name: planned.fingerprint for name, planned in plan(decided(config), Store(tmp_path)).items()}

    before = names()

    def changed(change):
        after = names(change)
        return [name for name in after if after[name] != before.get(name)]

    def sets(target, name, value):
        return lambda config: setattr(target(config), name, value)

    everything = STAGES
    assert changed(sets(lambda c: c, "seed", 7)) == everything
    assert changed(sets(lambda c: c.tracking, "wandb", "disabled")) == []
    assert changed(sets(lambda c: c.trainer, "log_every_n_steps", 3)) == []
    assert changed(sets(lambda c: c.trainer, "accelerator", "cpu")) == []
    assert changed(sets(lambda c: c.trainer, "devices", 2)) == everything, (
        "a training goes on where it was cut on as many"
    )
    assert changed(sets(lambda c: c, "name", "other")) == ["export"]
    assert changed(sets(lambda c: c.finetune.optimizer, "lr", 1e-5)) == [
        "finetune",
        "teach",
        "distill",
        "evaluate",
        "export",
    ]
    assert changed(sets(lambda c: c.student.architecture, "layers", 1)) == ["distill", "control", "evaluate", "export"]
    assert changed(sets(lambda c: c.student, "layers", 1)) == [], "not read where the student is random"
    assert changed(sets(lambda c: c.distill.hidden, "layer_map", "last")) == [], "not read where its weight is 0"
    assert changed(sets(lambda c: c.distill.hidden, "weight", 1.0)) == ["teach", "distill", "evaluate", "export"]
    assert changed(sets(lambda c: c.teacher, "store", "always")) == [], "what auto decides anyway"
    assert changed(sets(lambda c: c.teacher, "store", "never")) == ["distill", "evaluate", "export"]
    assert changed(sets(lambda c: c.teacher, "store_limit_gb", 1.0)) == []
    assert changed(sets(lambda c: c.teacher, "store_limit_gb", 1e-9)) == ["distill", "evaluate", "export"]
    assert changed(sets(lambda c: c.data.limit, "test", 50)) == ["evaluate", "export"]
    assert changed(sets(lambda c: c.data.limit, "train", 65)) == everything
    assert changed(sets(lambda c: c.data, "labels", {"0": "no", "1": "yes"}))[0] == "finetune"

    def answers_up_to(longest):
        def change(config):
            config.task, config.data.max_answer_length = "question_answering", longest
            config.data.columns = {"context": "context", "question": "question", "label": "answers"}

        return names(change)

    short, long = answers_up_to(30), answers_up_to(60)
    assert [name for name in long if long[name] != short[name]] == ["evaluate", "export"]


def test_a_killed_distillation_goes_on_from_its_checkpoint_and_ends_with_the_same_weights(finished, distill, inside):
    command, _ = finished
    shutil.copytree(command.store, distill.store)
    shutil.rmtree(distill.store / stage_folder(command, "run", "distill").name)
    expected = weights(command, "run", "distill")
    given = ("checkpoint.every_n_train_steps=1", "stages=[distill]")
    process = distill.start(*given)
    for line in process.stdout:
        if line.startswith("distill: begins"):
            break
    partial = None
    while process.poll() is None and partial is None:
        partial = next(distill.store.glob(".distill-*.partial/resume/last.ckpt"), None)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert partial is not None, "the stage was over before it could be killed"
    out = inside(*given, f"hydra.run.dir={distill.folder}/run")
    assert "distill: goes on where it was interrupted" in out
    assert re.findall(r"^(\w+): done", out, re.MULTILINE) == ["distill"]
    resumed = weights(distill, "run", "distill")
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)


def models():
    """Every model that is in memory."""
    found = (each for each in gc.get_objects() if issubclass(type(each), PreTrainedModel))
    return (each for each in found if each.base_model is not each)  # a head's trunk is the same model


def test_stored_hidden_states_are_aligned_and_their_projection_stays_behind(finished, again, monkeypatch):
    monkeypatch.setattr(teach, "reuse_outputs", lambda *_: None)  # of other tests' stores, which hold more
    folder = again("hidden", "distill.hidden.weight=0.5")
    assert made(folder) == ["teach", "distill", "evaluate", "export"]
    with (folder / "metrics.csv").open(newline="") as file:
        assert ("distill", "train/hidden") in {(row["stage"], row["name"]) for row in csv.DictReader(file)}
    assert not [name for name in load_file(folder / "export" / "student" / "model.safetensors") if "project" in name]
    said = r"teach: stores hidden states 0, 2 in half precision, about (\S+) (k|M)B"
    amount, unit = re.search(said, (folder / "run.log").read_text()).groups()
    estimate = float(amount) * {"k": 1e3, "M": 1e6}[unit]
    stored = stage_folder(finished[0], "hidden", "teach") / "outputs"
    size = sum(path.stat().st_size for path in stored.iterdir())
    assert estimate == pytest.approx(size, rel=0.15)


def test_what_the_teacher_has_answered_for_another_student_is_not_asked_again(finished, again, monkeypatch):
    """The second student reads fewer of its states, so that its store is another one with the same parts."""
    again("wide", "distill.hidden.weight=0.5", "stages=[teach,distill]")
    asked, loaded = [], TorchRuntime.load
    monkeypatch.setattr(TorchRuntime, "load", lambda *given, **more: asked.append(given) or loaded(*given, **more))
    narrow = again("narrow", "distill.embedding.weight=0.5", "stages=[teach,distill]")
    assert made(narrow) == ["teach", "distill"]
    assert re.search(r"teach: 192 of 192 are answered in \S*teach-\w+\n", (narrow / "run.log").read_text())
    stored = stage_folder(finished[0], "narrow", "teach") / "outputs"
    assert all(path.stat().st_nlink > 1 for path in stored.iterdir())
    assert not asked


def test_the_teacher_is_not_in_memory_while_the_student_learns_from_the_store(again, monkeypatch):
    """The first and last run ask the stored outputs; the second, asking live, shows that the count sees a teacher."""
    before, found = list(models()), []
    train = supervised.train

    def counted(job, *rest):
        gc.collect()
        if job.title == "distill":
            found.append(sorted(each.config.hidden_size for each in models() if not any(each is b for b in before)))
        return train(job, *rest)

    monkeypatch.setattr(supervised, "train", counted)
    again("from-store", "distill.temperature=7", "stages=[distill]")
    again("from-teacher", "distill.temperature=7", "stages=[distill]", "teacher.store=never")
    again("alike", "stages=[teach,distill]", "distill.cka.weight=1", "distill.cka.layer_map=auto")
    assert found == [[16], [16, 32], [16]], "layers are compared before, by a teacher that is gone then"


def test_attention_is_not_stored_nor_what_would_pass_the_limit(again):
    stages = ("stages=[teach,distill]", "distill.hidden.weight=0.5")
    attention = again("attention", *stages, "distill.attention.weight=0.5")
    limited = again("limited", *stages, "teacher.store_limit_gb=0.0001")
    assert made(attention) == made(limited) == ["distill"]
    said = [(folder / "run.log").read_text() for folder in (attention, limited)]
    ending = "; the teacher answers while the student learns"
    assert f"teach: skipped, attention scores are not stored{ending}" in said[0]
    assert "teach: skipped, its logits and hidden states would take about 0.000" in said[1]
    assert f" GB, and teacher.store_limit_gb=0.0001{ending}" in said[1]


def test_a_student_of_the_teachers_layers_and_a_finetuned_checkpoint_as_teacher_work(finished, again):
    teacher = stage_folder(finished[0], "run", "finetune") / "model"
    folder = again(
        "layers", f"teacher.model={teacher}", "teacher.finetuned=true", "student.init=teacher", "student.layers=1",
        "teacher.accept=true",  # it has learnt too little to be better than guesses
        "stages=[teach,distill,control,evaluate]",
    )  # fmt: skip
    content = report(folder)
    assert made(folder) == ["teach", "distill", "control", "evaluate"]
    assert content["exports"] == []
    assert content["models"]["student"]["parameters"] < content["models"]["teacher"]["parameters"]
    (note,) = (each for each in content["data"]["notes"] if "teacher.accept=true" in each)
    assert re.search(r"of 64 rows of validation, the teacher gets \d+\.\d% of them right, and who always says", note)


def curve(folder):
    """The values of the distill stage by step and name."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["stage"] == "distill"]
    return {(row["step"], row["name"]): float(row["value"]) for row in rows}


def test_teacher_and_student_with_different_tokenizers_read_their_own_tokens(finished, again, tmp_path):
    """With stored outputs the teacher's tokens are read in ``teach``; live, they travel with the batch.

    So they do where the first tokens' states are compared; the weight of these distances moves nothing here. In double
    precision, so that what is left between the three trainings is rounding that none of them magnifies.
    """
    from transformers import BertForMaskedLM

    from distill.models.from_scratch import Size, config
    from distill.models.tokenizer_training import train_wordpiece

    tokenizer = train_wordpiece(["the film is good", "the plot is bad"] * 5, vocab_size=60, max_length=24)
    size = config("encoder", tokenizer, Size(1, 16, 2, 16), max_length=24, dropout=0.1)
    torch.manual_seed(0)
    BertForMaskedLM(size).save_pretrained(tmp_path / "student")
    tokenizer.save_pretrained(tmp_path / "student")
    double = ("trainer.precision=64-true", "stages=[pretrain,finetune,teach,distill]")
    checkpoint = ("student.init=checkpoint", f"student.model={tmp_path / 'student'}", *double)
    stored = again("stored", *checkpoint)
    distances = (*checkpoint, "distill.rkd_distance.weight=1.0e-30")
    live = again("live", *distances, "teacher.store=never")
    states = again("states", *distances)
    assert made(live) == ["distill"], "the second run must not find the first one's student"
    assert made(states) == ["teach", "distill"]
    with_distances, from_half = curve(live), curve(states)
    assert with_distances.keys() == from_half.keys()
    assert all(from_half[place] == pytest.approx(value, rel=2e-3) for place, value in with_distances.items())
    without = {place: value for place, value in with_distances.items() if "rkd" not in place[1]}
    assert curve(stored) == pytest.approx(without, rel=1e-12)
    assert len(without) < len(with_distances)


def test_the_chain_runs_on_real_rows_of_sst2(inside):
    real = Path(__file__).parents[3] / "shared" / "data" / "sst2"
    if not real.is_dir():
        pytest.skip("the real SST-2 files are not beside this checkout")
    given = ("data.source=auto", f"data.path={real}", "data.limit.test=100", "evaluate.points=null")
    out = inside(*given, f"hydra.run.dir={inside.folder}/run")
    content = report(inside.folder / "run")
    assert content["data"]["source"] == "local"
    assert content["data"]["stands_in_for"] is None
    assert content["data"]["rows"] == {"train": 192, "validation": 64, "test": 100}
    assert content["data"]["labels"] == ["negative", "positive"]
    assert content["models"]["student"]["per_label"]["test"]["micro"]["support"] == 100
    assert "NOTE" not in out


def test_mixed_precision_sgd_early_stopping_and_accumulation_come_from_the_settings(again):
    folder = again(
        "settings", "trainer.precision=bf16-mixed", "trainer.accumulate_grad_batches=2", "distill.optimizer.name=sgd",
        "distill.scheduler.name=cosine", "distill.early_stopping.patience=1", "distill.max_epochs=6",
        "distill.early_stopping.min_delta=0.5", "stages=[pretrain,finetune,teach,distill,control,evaluate,export]",
    )  # fmt: skip
    assert "trainer.precision=bf16-mixed: on a CPU without hardware for it" in (folder / "run.log").read_text()
    (distilled,) = (stage for stage in report(folder)["stages"] if stage["name"] == "distill")
    manifest = json.loads(
        (folder.parent / "store" / f"distill-{distilled['fingerprint']}" / "manifest.json").read_text()
    )
    assert (manifest["result"]["steps"], manifest["result"]["epochs"]) == (6, 2)
    assert report(folder)["exports"][0]["max_logit_drift"] < 1e-4


def test_frozen_layers_stay_as_they_were_pretrained_and_adapters_leave_a_plain_model(finished, again):
    again("frozen", "finetune.frozen_layers=1", "stages=[pretrain,finetune]")
    again("adapted", "finetune.lora.rank=2", "stages=[pretrain,finetune]")
    pretrained, frozen, adapted = (
        weights(finished[0], run, stage)
        for run, stage in (("run", "pretrain"), ("frozen", "finetune"), ("adapted", "finetune"))
    )
    below = [name for name in frozen if name.startswith(("bert.embeddings.", "bert.encoder.layer.0."))]
    above = [name for name in frozen if name.startswith("bert.encoder.layer.1.") and name.endswith("weight")]
    assert below
    assert all(torch.equal(frozen[name], pretrained[name]) for name in below)
    assert all(not torch.equal(frozen[name], pretrained[name]) for name in above)
    assert set(adapted) == set(frozen)
    changed = {name for name in adapted if name in pretrained and not torch.equal(adapted[name], pretrained[name])}
    assert changed == {name for name in pretrained if name.endswith(("self.query.weight", "self.value.weight"))}


def test_a_checkpoint_is_pretrained_further_with_its_own_tokenizer(finished, again):
    checkpoint = stage_folder(finished[0], "run", "pretrain") / "model"
    folder = again("continued", f"teacher.model={checkpoint}", "pretrain.continued=true", "stages=[pretrain,finetune]")
    assert made(folder) == ["pretrain", "finetune"]
    before, after = (weights(finished[0], run, "pretrain") for run in ("run", "continued"))
    assert before.keys() == after.keys()
    moved = float(torch.stack([(before[name] - after[name]).abs().max() for name in before]).max())
    assert 0 < moved < 0.1
    tokenizers = [
        stage_folder(finished[0], run, "pretrain") / "model" / "tokenizer.json" for run in ("run", "continued")
    ]
    assert tokenizers[0].read_bytes() == tokenizers[1].read_bytes()


def test_hidden_states_of_models_that_read_different_tokens_are_refused_before_training(finished, tmp_path):
    from distill.models.tokenizer_training import train_wordpiece

    pretrained = stage_folder(finished[0], "run", "pretrain") / "model"
    shutil.copytree(pretrained, tmp_path / "student")
    train_wordpiece(["other words than those"], vocab_size=60, max_length=24).save_pretrained(tmp_path / "student")
    checkpoint = ("student.init=checkpoint", f"student.model={tmp_path / 'student'}", f"teacher.model={pretrained}")
    out = finished[0](*checkpoint, "distill.hidden.weight=1", f"hydra.run.dir={tmp_path}/run", code=2)
    assert out.strip().splitlines()[-1] == (
        "distill: distill.hidden.weight=1.0: hidden states are compared token by token, "
        "but teacher and student read different tokens; allowed is 0"
    )

"""What a user's mistake prints: one message, exit code 2, no traceback, nothing written but the log."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import BertConfig, BertForSequenceClassification

from distill.models.tokenizer_training import train_wordpiece

ROOT = Path(__file__).parents[1]
EXPERIMENTS = ", ".join(sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml")))
GOOD = "sentence\tlabel\na very good film\t1\na very bad film\t0\nquite a good plot\t1\nquite a bad plot\t0\n"


def last_line(out):
    return out.strip().splitlines()[-1]


def refused(distill, message, *overrides, small=True, code=2):
    """Run, and hold what is printed and what is left behind against the promise."""
    out = distill(*overrides, f"hydra.run.dir={distill.folder}/run", small=small, code=code)
    assert last_line(out) == f"distill: {message}".splitlines()[-1]
    assert message in out
    assert "Traceback" not in out
    left = (
        sorted(path.name for path in (distill.folder / "run").rglob("*")) if (distill.folder / "run").exists() else []
    )
    assert left in ([], ["run.log"])
    assert not distill.store.exists()


def data(distill, train=GOOD, validation=GOOD, test=GOOD):
    folder = distill.folder / "data"
    folder.mkdir(exist_ok=True)
    for name, content in {"train": train, "validation": validation, "test": test}.items():
        if content is not None:
            (folder / f"{name}.tsv").write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def on(folder):
    return ("experiment=sst2_tiny", f"data.path={folder}", "tracking.wandb=disabled")


SHAPES = {
    "experiment=sst3": f"experiment=sst3: no such card; there are {EXPERIMENTS}",
    "teacher=bert": "teacher=bert: no such card; there are labels, minilm, pretrained_or_scratch, scratch_decoder, "
    "scratch_seq2seq, scratch_small",
    "distill.temprature=3": (
        "distill.temprature: unknown setting; did you mean temperature? distill has max_epochs, min_steps, dropout, "
        "optimizer, scheduler, early_stopping, frozen, frozen_layers, gradual_unfreezing, layer_decay, peft, "
        "virtual_tokens, lora, temperature, temperature_schedule, shares, shares_every, hard, soft, reverse_kl, js, "
        "skew_kl, skew_reverse_kl, taid, dkd, dist, standardized, logit_mse, hidden, hidden_cosine, pkd, cka, "
        "embedding, attention, relations, rkd_distance, rkd_angle, targets, unlabelled, quantization"
    ),
    "+distill.hard.wait=3": (
        "distill.hard.wait: unknown setting; did you mean weight? distill.hard has weight, schedule"
    ),
    "data.unlabelled.columns.text=review": (
        "data.unlabelled.columns.text: is no setting yet; what has a name of yours is added with a + before it, as in "
        "+data.unlabelled.columns.text"
    ),
    "distill.temperature=hot": "distill.temperature: Value 'hot' of type 'str' could not be converted to Float",
    "data.path=/home/müller/数据": (
        "data.path=/home/müller/数据: letters beyond ASCII need quotes within quotes, as in "
        "\"data.path='/home/müller/数据'\""
    ),
    "+data.labels.好评=good": (
        "+data.labels.好评=good: names beyond ASCII cannot be given on the command line; a card may have them"
    ),
    "data.labels={'好评': good}": (
        "data.labels={'好评': good}: letters beyond ASCII need quotes, as in ['…'] or {text: '…'}; "
        "keys may have them in a card"
    ),
    "data.limit.train=1.5": "data.limit.train: Value '1.5' of type 'float' could not be converted to Integer",
}


@pytest.mark.parametrize("override", SHAPES)
def test_a_setting_of_the_wrong_shape_is_refused(inside, override):
    refused(inside, SHAPES[override], override, small=False)


@pytest.mark.parametrize(
    "given",
    ["data.labels=null +data.labels.0=no", "data.labels=null data.labels.0=no", "data.labels=NULL ++data.labels.0=no"],
)
def test_adding_to_what_is_null_is_refused(inside, given):
    assert inside(*given.split(), code=2) == (
        "distill: a setting is added to one that is null, such as data.labels; "
        "leave one of the two out, or give both in a card\n"
    )


def test_adding_braces_to_what_is_null_is_refused(inside):
    assert inside("data.labels=null", "+data.labels={a: b}", code=2) == (
        "distill: data.labels: is null, and something is added to it; "
        "leave one of the two out, or give both in a card\n"
    )


def test_several_problems_come_at_once(inside):
    message = (
        "4 problems in the settings\n"
        "  distill.temperature=0.0: allowed is a number from 1e-6 to 1e6\n"
        "  trainer.devices=0: allowed is auto, -1 (all) or a whole number from 1 up\n"
        "  student.layers=9: the teacher has 3 layers to give\n"
        "  distill: the weights of all terms are 0; at least one must be above 0"
    )
    overrides = ("distill.temperature=0", "trainer.devices=0", "student.init=teacher", "student.layers=9")
    weights = ("distill.hard.weight=0", "distill.soft.weight=0")
    refused(inside, message, "experiment=sst2_tiny", *overrides, *weights, small=False)


def test_a_missing_folder_is_refused(inside):
    folder = inside.folder / "none"
    message = f"1 problem in the settings\n  data.path={folder}: there is no such file or folder"
    refused(inside, message, *on(folder), small=False)


BAD_DATA = {
    "an empty file": ({"train": ""}, "{train} is empty"),
    "a split without rows": ({"validation": "sentence\tlabel\n"}, "{validation} has no rows"),
    "a row without a label": ({"train": GOOD + "a film\n"}, "line 6 of {train} has 1 field too few"),
    "a label that train does not have": (
        {"validation": GOOD + "a film\t2\n"},
        "validation has the label 2 (row 5), which train does not have; train has 0, 1",
    ),
    "a continuous label": (
        {"train": GOOD + "a film\t3.800\n"},
        "the label column holds 3.800: continuous values are scores, not classes; "
        "a card that names each in data.labels makes them classes",
    ),
    "text that is no UTF-8": (
        {"test": GOOD.encode() + b"a caf\xe9\t1\n"},
        "line 6 of {test} is no UTF-8: byte 0xe9 at position 5; save it as UTF-8, for example, where it is of Windows, "
        "by: iconv -f CP1252 -t UTF-8",
    ),
    "no train file": (
        {"train": None},
        "{folder} has no train file: train with one of .tsv, .csv, .jsonl, .json, .ndjson, .conll, .iob, .iob2, "
        ".bio, .bioes, .conllu, .txt, .parquet is looked for, text also as .gz",
    ),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_data_that_cannot_be_used_is_refused(inside, case):
    files, message = BAD_DATA[case]
    folder = data(inside, **files)
    named = {name: folder / f"{name}.tsv" for name in ("train", "validation", "test")}
    refused(inside, message.format(folder=folder, **named), *on(folder), small=False)


def test_a_column_that_cannot_be_told_is_refused(inside):
    folder = data(inside, train="one\ttwo\tlabel\na b\tc d\t1\na c\tc e\t0\n")
    message = (
        f"{folder} has no column sentence; it has one, two, label: "
        "say which one is the text with data.columns.text=NAME"
    )
    refused(inside, message, *on(folder), small=False)


def checkpoint(folder, labels=("negative", "positive"), **size):
    config = BertConfig(
        vocab_size=60, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        id2label=dict(enumerate(labels)), label2id={name: index for index, name in enumerate(labels)}, **size,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    train_wordpiece(["a good film", "a bad film"], vocab_size=60, max_length=32).save_pretrained(folder)
    return folder


def test_a_model_folder_without_weights_is_refused(inside):
    model = checkpoint(inside.folder / "model")
    (model / "model.safetensors").unlink()
    message = f"{model} has no weights: there is no *.safetensors file in it"
    refused(inside, message, *on(data(inside)), f"teacher.model={model}", small=False)


def test_a_model_of_pickles_is_refused_with_the_way_out(inside):
    model = checkpoint(inside.folder / "model")
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    out = inside(*on(data(inside)), f"teacher.model={model}", small=False, code=2)
    assert last_line(out) == (
        f"distill: {model} has only pickled weights (pytorch_model.bin), which can run a stranger's code when they are "
        "loaded; convert them once, by what takes nothing but tensors, and give model-safetensors instead: python -m "
        f"distill.convert model={model} output=model-safetensors"
    )


def test_a_teacher_with_other_labels_is_refused(inside):
    model = checkpoint(inside.folder / "model", labels=("bad", "good"))
    overrides = (f"teacher.model={model}", "teacher.finetuned=true")
    out = inside(*on(data(inside)), *overrides, small=False, code=2)
    assert last_line(out) == (
        "distill: the teacher's labels are bad, good, those of the data are negative, positive; "
        "name its outputs in their order with teacher.labels=[...], or the data's labels with data.labels"
    )


def test_more_student_layers_than_a_checkpoint_has_to_give_are_refused(inside):
    model = checkpoint(inside.folder / "model")
    overrides = (f"teacher.model={model}", "student.init=teacher", "student.layers=3")
    out = inside(*on(data(inside)), *overrides, small=False, code=2)
    assert last_line(out) == "distill: the student has 3 layers, but the teacher has only 2 to give"


def test_texts_longer_than_a_checkpoint_reads_are_refused(inside):
    model = checkpoint(inside.folder / "model", max_position_embeddings=32)
    out = inside(*on(data(inside)), f"teacher.model={model}", small=False, code=2)
    assert last_line(out) == "distill: data.max_length=64: the teacher reads at most 32 tokens"


def test_more_parts_a_step_than_rows_are_refused(inside):
    out = inside(*on(data(inside)), "trainer.accumulate_grad_batches=5", small=False, code=2)
    assert last_line(out) == (
        "distill: train has 4 rows, but one step has 5 parts: lower trainer.accumulate_grad_batches or trainer.devices"
    )


def test_a_card_that_is_no_yaml_is_refused(inside):
    cards = inside.folder / "cards" / "experiment"
    cards.mkdir(parents=True)
    (cards / "mine.yaml").write_text("name: [\n")
    out = inside("--config-dir", str(cards.parent), "experiment=mine", small=False, code=2)
    assert out.startswith(f"distill: {cards / 'mine.yaml'} is no YAML: while parsing")
    assert "Traceback" not in out


def test_a_stage_whose_input_is_nowhere_is_refused(inside):
    out = inside("stages=[distill]", code=2)
    assert last_line(out) == (
        f"distill: distill needs finetune, which is neither among stages nor finished in {inside.store}; "
        "add finetune to stages=[...]"
    )


def test_a_full_disk_ends_the_run_and_leaves_what_is_finished(inside, monkeypatch):
    """The real error at the real place: the operating system's, when a model is saved."""
    from distill.models import loading

    save = loading.save

    def until_full(model, tokenizer, folder):
        if "finetune" in str(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        save(model, tokenizer, folder)

    monkeypatch.setattr(loading, "save", until_full)
    given = ("stages=[pretrain,finetune]", f"hydra.run.dir={inside.folder}/run")
    out = inside(*given, code=2)
    assert last_line(out) == (
        f"distill: no space left in {inside.store}; what is finished there stays whole: "
        "free some space, or take another folder with store=FOLDER, and run again"
    )
    assert "Traceback" not in out
    monkeypatch.setattr(loading, "save", save)
    again = inside(*given)
    assert "pretrain: reused" in again
    assert "finetune: goes on where it was interrupted" in again


def test_help_lists_the_cards_and_every_setting_without_loading_anything_heavy(distill):
    out = distill("--help", small=False, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert f"experiment: {EXPERIMENTS}" in out
    assert "temperature: 2.0" in out
    assert not re.search(r"\|\s+(torch|transformers|datasets|pytorch_lightning)$", out, re.MULTILINE)


def test_a_bad_config_loads_nothing_heavy(distill):
    out = distill("distill.temperature=-1", code=2, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert not re.search(r"\|\s+(torch|transformers|datasets|pytorch_lightning)$", out, re.MULTILINE)


def test_the_users_own_cards_are_found(inside):
    cards = inside.folder / "cards" / "experiment"
    cards.mkdir(parents=True)
    (cards / "mine.yaml").write_text("# @package _global_\nname: mine\nseed: 3\ntrainer:\n  devices: 0\n")
    given = ("--config-dir", str(cards.parent), "experiment=mine", f"hydra.run.dir={inside.folder}/run")
    out = inside(*given, small=False, code=2)
    assert out == (
        "distill: 1 problem in the settings\n"
        "  trainer.devices=0: allowed is auto, -1 (all) or a whole number from 1 up\n"
    )


@pytest.mark.parametrize("name", ["../../evil", "x" * 300, "", "a/b", ".hidden"])
def test_a_name_that_is_none_of_a_folder_is_refused_before_a_folder_is_made(inside, name):
    out = inside(f"name='{name}'", code=2)
    assert out.startswith(f"distill: name='{name}': allowed is a name of at most 100 bytes without")
    assert not list(inside.folder.rglob("*"))


def test_a_name_that_is_none_of_a_folder_is_refused_in_a_sweep_and_beside_a_folder_of_ones_own(inside):
    assert "distill: name='../a': allowed is" in inside("-m", "name=../a,b", small=False, code=2)
    assert "name=../a: allowed is" in inside("name=../a", "hydra.run.dir=run", code=2)


@pytest.mark.parametrize("command", ["run", "predict", "design"])
def test_help_that_is_no_longer_read_ends_without_a_word(command):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", f"distill.{command}", "--help"], stdout=writing, stderr=subprocess.PIPE, cwd=ROOT
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_mistake_is_told_on_stderr_where_nothing_is_logged(inside):
    out = inside("experiment=sst2_tiny", "hydra/job_logging=disabled", "seed=-1", small=False, code=2)
    assert out == "distill: 1 problem in the settings\n  seed=-1: allowed is a whole number from 0 to 4294967295\n"


def test_a_run_that_would_change_into_its_folder_is_refused(inside):
    message = (
        "hydra.job.chdir=true: paths of the settings would be looked for in the folder of the run; leave it out, and "
        "say with hydra.run.dir=FOLDER where a run is written"
    )
    start = Path.cwd()
    refused(inside, message, "experiment=sst2_tiny", "hydra.job.chdir=true", small=False)
    assert Path.cwd() == start


def test_a_flag_that_opens_a_pickle_is_refused_before_it_is_opened(inside):
    card = inside.folder / "config.pickle"
    card.write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    out = inside(f"--experimental-rerun={card}", small=False, code=2)
    assert out == (
        "distill: --experimental-rerun: opens a pickle, which can run a stranger's code; repeat a run by the command "
        "in its report\n"
    )


def test_a_model_of_another_run_is_named_on_the_command_line(inside):
    folder = inside.folder / "none"
    message = f"evaluate.beside.old.model={folder}: there is no such folder"
    given = ("experiment=sst2_tiny", f"+evaluate.beside.old.model={folder}")
    refused(inside, f"1 problem in the settings\n  {message}", *given, small=False)


def test_a_card_that_cannot_be_read_ends_the_run_with_one_message(inside):
    (inside.folder / "experiment").mkdir()
    (inside.folder / "experiment" / "mine.yaml").write_bytes(b"# @package _global_\nname: caf\xe9\n")
    out = inside("--config-dir", str(inside.folder), "experiment=mine", small=False, code=2)
    path = inside.folder / "experiment" / "mine.yaml"
    assert out == f"distill: {path} is no UTF-8: byte 0xe9 at position 29; save it as UTF-8\n"

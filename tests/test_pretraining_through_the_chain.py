"""Pretraining on files by command: it shows on text that was held out, and a kill in the middle is made up for."""

import csv
import json

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer

from distill.training.callbacks import Resume
from distill.training.checkpoints import LAST

pytestmark = pytest.mark.slow

SMALL = (
    "stages=[pretrain]", "data.limit.train=32", "data.limit.validation=16", "data.limit.test=16", "data.max_length=32",
    "data.batch_size=8", "checkpoint.every_n_train_steps=3", "pretrain.holdout=0.15", "pretrain.min_steps=0",
    "pretrain.max_epochs=6", "pretrain.optimizer.lr=1e-2",
)  # fmt: skip
CASES = {
    "blocks": ("pretrain.whole_words=true",),
    "pairs": ("pretrain.objective=mlm+nsp",),
    "teacher": ("teacher.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}",),
}


def document(topic, draw):
    """Four lines of a topic, each six words drawn from its three, so that a word tells which others are near."""
    words = [f"{'abcdefghij'[topic]}{letter}{letter}" for letter in "kst"]
    return "\n".join(" ".join(draw.choice(words, size=6)) for _ in range(4))


class KilledError(RuntimeError):
    """Stands for the end of a process."""


def killing(after):
    """What ends a training after so many micro-batches, in place of the callback's own method."""
    usual, left = Resume.on_train_batch_end, iter(range(after))

    def end(*given):
        usual(*given)
        if next(left, None) is None:
            raise KilledError

    return end


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory, inside_of, small_of_module):
    """Pretrain as a case says, once in each store; give the folder of the stage."""
    folder, made = tmp_path_factory.mktemp("pretraining"), {}
    draw = np.random.default_rng(0)
    texts = "\n\n".join(document(number % 10, draw) for number in range(96))
    (folder / "texts.txt").write_text(texts + "\n", encoding="utf-8")

    def run(case, store="whole"):
        if (case, store) not in made:
            place = folder / f"{case}-{store}"
            place.mkdir(exist_ok=True)
            command, small = inside_of(place), list(small_of_module)
            given = [*SMALL, f"pretrain.files={folder}/texts.txt", *CASES[case]]
            if case == "teacher":
                small.remove("teacher.vocab_size=300")
                given.append(f"pretrain.teacher={run('blocks')}/model")
            command(*small, *given, f"hydra.run.dir={place}/run", small=False)
            (made[case, store],) = command.store.glob("pretrain-*")
        return made[case, store]

    return run


def curve(stage, name):
    rows = csv.DictReader((stage / "metrics.csv").read_text(encoding="utf-8").splitlines())
    return [float(row["value"]) for row in rows if row["name"] == name]


def said(stage):
    """What the report says of a pretraining, and the page's sentence."""
    report = json.loads((stage.parents[1] / "run" / "report.json").read_text(encoding="utf-8"))
    return report["pretraining"]["pretrain"]


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if case == "pairs" else pytest.mark.long) for case in CASES]
)
def test_a_pretraining_that_was_killed_in_the_middle_ends_with_the_same_weights(pretrained, case):
    whole = pretrained(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Resume, "on_train_batch_end", killing(7))
        with pytest.raises(KilledError):
            pretrained(case, "killed")
    assert list(whole.parents[2].glob(f"{case}-killed/store/.pretrain-*.partial/resume/{LAST}"))
    resumed = pretrained(case, "killed")
    assert json.loads((resumed / "manifest.json").read_text(encoding="utf-8"))["resources"]["resumed"]
    assert (resumed / "model" / "model.safetensors").read_bytes() == (
        whole / "model" / "model.safetensors"
    ).read_bytes()


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if case == "pairs" else pytest.mark.long) for case in CASES]
)
def test_held_out_text_is_predicted_better_after_more_epochs(pretrained, case):
    perplexities = curve(pretrained(case), "validation/perplexity")
    assert perplexities[-1] < (0.95 if case == "teacher" else 0.7) * perplexities[0]  # of 16 numbers a state, less
    assert said(pretrained(case))["perplexity"] == pytest.approx(perplexities[-1])


def test_which_segment_follows_is_scored_beside_the_masked_words(pretrained):
    accuracies = curve(pretrained("pairs"), "validation/next_segment_accuracy")
    found = said(pretrained("pairs"))
    assert (found["objective"], found["held_out"]) == ("mlm+nsp", "files")
    assert found["next_segment_accuracy"] == pytest.approx(accuracies[-1])
    config = json.loads((pretrained("pairs") / "model" / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["BertForPreTraining"]


def divergence(teacher, student, tokenizer):
    """The mean divergence of the student's probabilities of a hidden token from the teacher's."""
    draw = np.random.default_rng(1)
    given = tokenizer([document(number % 10, draw) for number in range(24)], return_tensors="pt", padding=True)
    given["input_ids"][:, 3] = tokenizer.mask_token_id
    with torch.inference_mode():
        logs = [model(**given).logits[:, 3].log_softmax(-1) for model in (teacher, student)]
    return float(torch.nn.functional.kl_div(logs[1], logs[0], log_target=True, reduction="batchmean"))


@pytest.mark.long
def test_a_small_model_comes_nearer_to_the_model_that_it_learns_from(pretrained):
    taught, teacher = pretrained("teacher") / "model", pretrained("blocks") / "model"
    torch.manual_seed(0)
    untrained = AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(taught)).eval()
    of_teacher, trained = (AutoModelForMaskedLM.from_pretrained(folder).eval() for folder in (teacher, taught))
    tokenizer = AutoTokenizer.from_pretrained(teacher)
    distances = [divergence(of_teacher, student, tokenizer) for student in (untrained, trained)]
    assert trained.num_parameters() < of_teacher.num_parameters()
    assert distances[1] < distances[0] / 2


@pytest.mark.long
def test_what_has_learnt_without_a_task_is_distilled_for_one(pretrained, inside, small):
    taught = pretrained("teacher") / "model"
    sizes = ("student.architecture=", "teacher.vocab_size=")
    student = ("student=checkpoint", f"student.model={taught}", "teacher.vocab_size=200")
    run = inside.folder / "run"
    given = [each for each in small if not each.startswith(sizes)]
    inside(*given, *student, "distill.hard.weight=1", f"hydra.run.dir={run}", small=False)
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert report["models"]["student"]["description"] == "bert, 1 layers of width 16"
    (distilled,) = inside.store.glob("distill-*/model")
    words = [AutoConfig.from_pretrained(folder).vocab_size for folder in (taught, distilled)]
    assert words[0] == words[1]
    assert report["models"]["student"]["parameters"] != report["models"]["teacher"]["parameters"]


@pytest.mark.long
def test_of_held_out_text_it_is_told_which_segment_follows(inside, small):
    draw, file = np.random.default_rng(0), inside.folder / "texts.txt"
    texts = "\n\n".join("\n".join(document(number % 10, draw) for _ in range(2)) for number in range(400))
    file.write_text(texts + "\n", encoding="utf-8")
    given = ("pretrain.objective=mlm+nsp", f"pretrain.files={file}", "pretrain.holdout=0.15", "pretrain.min_steps=0")
    length = ("data.max_length=32", "data.batch_size=32", "pretrain.max_epochs=8", "pretrain.optimizer.lr=3e-3")
    replaced = ("data.max_length=", "pretrain.max_epochs=")
    kept = [each for each in small if not each.startswith(replaced)]
    inside(*kept, "stages=[pretrain]", *given, *length, f"hydra.run.dir={inside.folder}/run", small=False)
    (stage,) = inside.store.glob("pretrain-*")
    accuracies = curve(stage, "validation/next_segment_accuracy")
    assert accuracies[0] < 0.6, "by chance it is a half"
    assert accuracies[-1] > 0.65

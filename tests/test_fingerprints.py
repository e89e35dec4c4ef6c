"""The fingerprints of every card's stages are those that were recorded, so that what is in a store is found again.

They stand for settings, data, recipes and checkpoints. Where one of these was changed on purpose, record them anew with
``python tests/test_fingerprints.py --record``; ``python tests/test_fingerprints.py CASE`` prints all that the stages of
a case stand for, to be compared between two versions.
"""

import json
import sys
import tempfile
from pathlib import Path

import pytest
import static_checkpoint

from distill.tasks import TASKS

RECORDED = Path(__file__).parent / "recorded" / "fingerprints.json"
ROOT = Path(__file__).parents[1]
CARDS = sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml"))
COPY = "student=narrow|student.architecture={{layers: 2, hidden_size: {}, heads: {}, intermediate_size: {}}}"
PRETRAINED = "experiment=sst2_minilm teacher.model=MODEL"
LOGITS = (
    "reverse_kl",
    "js",
    "skew_kl",
    "skew_reverse_kl",
    "taid",
    "dkd",
    "dist",
    "standardized",
    "logit_mse",
)
STATES = ("hidden", "hidden_cosine", "pkd", "cka", "embedding", "rkd_distance", "rkd_angle")
WAYS = {
    "a student of the teacher's layers": "experiment=trec_tiny student=half_layers student.layers=2",
    "a narrow copy": f"experiment=trec_tiny {COPY.format(32, 2, 64)}",
    "a BiLSTM": "experiment=sst2_tiny student=bilstm",
    "a static student": "experiment=sst2_tiny student=static",
    "a student from a checkpoint": "experiment=sst2_tiny student.init=checkpoint student.model=MODEL",
    "a narrow copy of a checkpoint": f"{PRETRAINED} {COPY.format(12, 12, 24)}",
    "a checkpoint that goes on reading": f"{PRETRAINED} pretrain.continued=true pretrain.mask_probability=0.2",
    "a fine-tuned checkpoint": f"{PRETRAINED} teacher.finetuned=true teacher.labels=[negative,positive]",
    "some outputs of a checkpoint": (
        f"{PRETRAINED} teacher.finetuned=true teacher.labels=[positive,other,negative] teacher.labels_subset=true"
    ),
    "adapters": f"{PRETRAINED} finetune.lora.rank=2 finetune.lora.alpha=8",
    "virtual tokens": f"{PRETRAINED} finetune.peft=prompt student=scratch_tiny finetune.virtual_tokens=4",
    "layers that are unfrozen": (
        f"{PRETRAINED} finetune.gradual_unfreezing=true distill.frozen=embeddings student=half_layers "
        "distill.layer_decay=0.9"
    ),
    "frozen layers": f"{PRETRAINED} finetune.frozen_layers=3",
    "two teachers": (
        "experiment=sst2_tiny +teacher@more_teachers.second=minilm more_teachers.second.model=MODEL "
        "ensemble.combine=logits +ensemble.weights.second=2"
    ),
    "two teachers of scores": (
        "experiment=stsb_tiny +teacher@more_teachers.second=scratch_small more_teachers.second.vocab_size=500"
    ),
    "no stored outputs": "experiment=trec_tiny teacher.store=never",
    "sampled outputs": "experiment=multi30k_tiny teacher.store=always teacher.keep=sampled teacher.samples=5",
    "what the teacher writes": "experiment=multi30k_tiny distill.targets=teacher generate.beams=2",
    "what a teacher beside writes": "experiment=scitldr_tiny distill.targets=teacher teacher.store=never",
    "texts without labels": "experiment=trec_tiny data.unlabelled.path=texts.txt",
    "texts that the teacher is sure of": (
        "experiment=trec_tiny data.unlabelled.path=texts.txt distill.unlabelled.threshold=0.9 "
        "distill.unlabelled.labels=hard distill.unlabelled.rounds=2"
    ),
    "texts made of others": "experiment=trec_tiny augment.methods=[masked_lm,ngrams] augment.copies=2",
    "few rows of each label": "experiment=trec_tiny data.limit.per_label=9",
    "files": "experiment=trec_tiny data.source=local data.path=files data.holdout=0.25",
    "classes by their rarity": "experiment=trec_tiny data.class_weights=balanced",
    "other training": (
        "experiment=sst2_tiny seed=7 data.batch_size=8 data.batch_tokens=512 trainer.accumulate_grad_batches=2 "
        "trainer.precision=64-true trainer.gradient_clip_val=null distill.optimizer.name=sgd "
        "distill.scheduler.name=cosine distill.early_stopping.patience=2 finetune.min_steps=3000"
    ),
    "two processes": "experiment=sst2_tiny trainer.accelerator=cpu trainer.devices=2",
    "other comparisons": "experiment=squad_tiny evaluate.confidence=0.9 evaluate.resamples=200 export.license=mit",
    "no baselines": "experiment=trec_tiny evaluate.baselines=[]",
    "some stages": "experiment=trec_tiny stages=[pretrain,finetune,evaluate]",
    "schedules": (
        "experiment=trec_tiny distill.temperature_schedule.kind=linear distill.temperature_schedule.end=1 "
        "distill.soft.schedule.kind=cosine distill.soft.schedule.end=0.1"
    ),
    "shares of the gradient": "experiment=trec_tiny|distill.shares={soft: 60, hard: 40}",
    "terms of logits": " ".join(["experiment=trec_tiny", *(f"distill.{name}.weight=0.5" for name in LOGITS)]),
    "terms of states": " ".join(["experiment=trec_tiny", *(f"distill.{name}.weight=0.5" for name in STATES)]),
    "terms of attention": "experiment=trec_tiny distill.attention.weight=0.5 distill.relations.weight=2",
    "a student that learns with rounding": "experiment=trec_tiny distill.quantization=int8",
    "pairs of layers": "experiment=trec_tiny distill.hidden.weight=1|distill.hidden.layer_map='0:0,1:2'",
}
"""What no card asks for, each with its settings: words, then settings that hold blanks."""
PREPARED = {}
"""Rows by what is read of them, for all cases."""
CASES = {**{card: f"experiment={card}" for card in CARDS}, **WAYS}


def planned(overrides, folder):
    """The planned stages of a run by title, each with its fingerprint and its settings: all that knows the inside."""
    from hydra import compose
    from omegaconf import OmegaConf

    from distill.config import compose as cards
    from distill.config.validate import check
    from distill.pipeline.context import run_spec
    from distill.pipeline.plan import plan
    from distill.pipeline.prepare_data import prepare
    from distill.pipeline.settle import settled
    from distill.pipeline.store import Store
    from distill.pipeline.teacher_outputs import with_output_plan

    with cards.composing():
        config = OmegaConf.to_object(compose("config", list(overrides)))
    check(config, overrides)
    read = repr((config.task, config.seed, config.data, config.evaluate))
    if read not in PREPARED:  # many cases are of the same rows
        PREPARED[read] = prepare(config)
    stages = plan(with_output_plan(run_spec(*settled(config, PREPARED[read]))), Store(folder))
    return {title: (stage.fingerprint, stage.settings) for title, stage in stages.items()}


def case(name, folder):
    """The planned stages of a case, whose files are written into ``folder`` where they are not there yet."""
    _files(folder)
    words, *whole = CASES[name].split("|")
    made = [f"teacher.model={folder / 'model'}"] if name in ("sst2_minilm", "conll2003_bio") else []
    if name in TASKS:  # the cards for one's own data, which would take a model of the hub where it is within reach
        made = ["teacher.default_model=null"]
    given = [*words.split(), *whole, *made]
    for value, path in (("=MODEL", "model"), ("=texts.txt", "texts.txt"), ("=files", "files")):
        given = [each.replace(value, f"={folder / path}") for each in given]
    sample = [] if "data.source=local" in given else ["data.source=embedded"]
    return planned([*given, *sample], folder)


def _files(folder):
    """A checkpoint, texts without labels, and a data set in files."""
    if (folder / "model").exists():
        return
    static_checkpoint.write(folder / "model")
    (folder / "texts.txt").write_text("".join(f"what is {number} ?\n" for number in range(40)), encoding="utf-8")
    (folder / "files").mkdir()
    rows = [{"text": f"who saw {number} ?", "label": ("HUM", "NUM")[number % 2]} for number in range(40)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "files" / "train.jsonl").write_text(lines, encoding="utf-8")


def fingerprints(name, folder):
    return {title: fingerprint for title, (fingerprint, _) in case(name, folder).items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def recorded():
    return json.loads(RECORDED.read_text(encoding="utf-8"))


def test_every_case_and_nothing_else_is_recorded(recorded):
    assert sorted(recorded) == sorted(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_stages_have_their_recorded_fingerprints(name, recorded, files):
    assert fingerprints(name, files) == recorded[name]


def test_no_two_cases_plan_the_same_stages(recorded):
    plans = [tuple(stages.values()) for stages in recorded.values()]
    assert len(set(plans)) == len(plans)


def test_the_student_without_unlabelled_text_is_another_one(recorded):
    compared = [stages for stages in recorded.values() if "distill:without_unlabelled" in stages]
    assert len(compared) > 3
    assert all(stages["distill"] != stages["distill:without_unlabelled"] for stages in compared)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        if sys.argv[1:] == ["--record"]:
            content = {name: fingerprints(name, place) for name in CASES}
            RECORDED.parent.mkdir(exist_ok=True)
            RECORDED.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        else:
            sys.stdout.write(json.dumps(case(sys.argv[1], place), indent=1, sort_keys=True) + "\n")

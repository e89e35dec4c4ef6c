"""A fine-tuned teacher whose tags are of another scheme than the data's is refused before a student learns from it."""

import re

import pytest
import run_parts
import torch
from datasets import Dataset
from transformers import PretrainedConfig

from distill.config.schema import Config
from distill.data.prepared import Prepared
from distill.errors import ModelError
from distill.metrics import entities
from distill.models import from_scratch, loading
from distill.models.label_columns import label_columns
from distill.models.special_tokens_as_text import read_as_text
from distill.models.tokenizer_training import train
from distill.pipeline import teacher_check
from distill.pipeline.teacher_tags import of_another_scheme
from distill.tasks import task

NAMES = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
PEOPLE, PLACES = ["Anna", "Bob", "Cem"], ["Rome", "Lima", "Oslo"]
IN_THE_DATA = dict.fromkeys(PEOPLE, 1) | dict.fromkeys(PLACES, 3)
WAY = (
    "; give the checkpoint that was fine-tuned for this data, fine-tune it here without teacher.finetuned=true, or go "
    "on with teacher.accept=true"
)


def rows(count):
    sentences = [f"{PEOPLE[at % 3]} saw old {PLACES[at // 3 % 3]} again today".split() for at in range(count)]
    tags = [[IN_THE_DATA.get(word, 0) for word in words] for words in sentences]
    return Dataset.from_dict({"tokens": sentences, "label": tags, "key": list(range(count))})


def taught(folder, tag_of):
    """A checkpoint that tags each word as ``tag_of`` says, by the word alone."""
    data = rows(27)
    tokenizer = read_as_text(
        train("encoder", [" ".join(each) for each in data["tokens"]], vocab_size=120, max_length=32)
    )
    torch.manual_seed(0)
    size = from_scratch.Size(layers=1, hidden_size=32, heads=2, intermediate_size=32)
    config = from_scratch.config("encoder", tokenizer, size, max_length=32, dropout=0.0)
    loading.name_labels(config, list(NAMES), "class")
    model = loading.from_config(config, task("token_classification").head)
    inputs = tokenizer(data["tokens"][:], is_split_into_words=True, padding=True, return_tensors="pt")
    targets = [
        [-100 if word is None else tag_of.get(words[word], 0) for word in inputs.word_ids(row)]
        for row, words in enumerate(data["tokens"])
    ]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        model(**inputs, labels=torch.tensor(targets)).loss.backward()
        optimizer.step()
    loading.save(model, tokenizer, folder)
    return folder


def ask(folder, **settings):
    config = Config(task="token_classification")
    config.teacher.model, config.teacher.finetuned = str(folder), True
    config.trainer.accelerator, config.data.max_length = "cpu", 32
    for name, value in settings.items():
        setattr(config.teacher, name, value)
    spec = run_parts.spec_of(
        config, Prepared({"train": rows(30), "validation": rows(60)}, NAMES, "w", "local", None, ())
    )
    return teacher_check.check_teacher(spec, run_parts.examples_of(spec), "first")


def test_a_teacher_of_iob1_is_refused_since_the_data_is_read_as_iob2(tmp_path):
    folder = taught(tmp_path, dict.fromkeys(PEOPLE, 2) | dict.fromkeys(PLACES, 4))
    said = (
        f"teacher.model={folder}: of 60 rows of validation, the teacher gets 66.7% of all words right, and who always "
        "says 'O' 66.7% (f1 of 0.0%, and at best "
    )
    seems = (
        "); its tags seem to be IOB1, in which B- stands only between neighbours of one type, and those of the data "
        f"are read as IOB2, in which every entity begins with B-: as IOB1 they have f1 of 100.0%{WAY}"
    )
    with pytest.raises(ModelError, match=rf"^{re.escape(said)}[\d.]+%{re.escape(seems)}$"):
        ask(folder)
    assert ask(folder, accept=True).endswith("as IOB1 they have f1 of 100.0%; gone on with, teacher.accept=true")


def test_tags_that_find_types_alone_are_of_another_scheme_and_poor_ones_are_not():
    right = [["B-PER", "I-PER", "O", "B-LOC", "I-LOC"]] * 4
    each_begins = [["B-PER", "B-PER", "O", "B-LOC", "B-LOC"]] * 4
    said = (
        "its tags seem to be of another scheme than IOB2, as which those of the data are read: by types alone they "
        "have f1 of 100.0%"
    )
    assert of_another_scheme(entities, each_begins, right, NAMES, 0.0) == said
    assert of_another_scheme(entities, [["B-PER", "O", "O", "O", "B-PER"]] * 4, right, NAMES, 0.0) is None
    assert of_another_scheme(entities, each_begins, right, NAMES, 0.5) is None


def test_a_teacher_of_iob2_is_taken(tmp_path):
    assert ask(taught(tmp_path, IN_THE_DATA)) is None


IOB2 = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


@pytest.mark.parametrize("subset", [False, True])
@pytest.mark.parametrize(
    ("names", "scheme"),
    [
        ([*IOB2, "E-PER", "S-PER", "E-LOC", "S-LOC"], "BIOES"),
        ([*IOB2, "L-PER", "U-PER", "L-LOC", "U-LOC"], "BILOU"),
        (["O", "B-PER", "M-PER", "E-PER", "S-PER", "B-LOC", "M-LOC", "E-LOC", "S-LOC"], "BMES"),
        (["O", "I-PER", "I-LOC"], "IOB1"),
        (["O", "PER", "LOC"], "IO, without a mark of where an entity begins"),
    ],
)
def test_names_of_another_scheme_are_called_so_and_not_left_out(names, scheme, subset):
    message = (
        f"the teacher's labels are {', '.join(names)}, those of the data are {', '.join(IOB2)}: the teacher's are "
        f"{scheme}, another scheme than IOB2, as which the data is read; give a checkpoint of IOB2, or leave out "
        "teacher.finetuned=true, and the run fine-tunes it"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        label_columns(PretrainedConfig(id2label=dict(enumerate(names))), IOB2, (), subset=subset)


def test_further_types_of_the_same_scheme_are_left_out_on_wish():
    config = PretrainedConfig(id2label=dict(enumerate([*IOB2, "B-MISC", "I-MISC"])))
    assert label_columns(config, IOB2, (), subset=True) == [0, 1, 2, 3, 4]
    with pytest.raises(ModelError, match=r"the data has no B-MISC, I-MISC; teacher\.labels_subset=true takes"):
        label_columns(config, IOB2, ())

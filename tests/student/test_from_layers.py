import re

import pytest
import torch
from transformers import (
    BartConfig,
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    T5Config,
)

from distill.base.layer_maps import layer_map
from distill.errors import ModelError
from distill.models import loading
from distill.models.forward import outputs
from distill.models.label_columns import label_columns
from distill.student.from_layers import from_layers
from distill.teacher.live import LiveTeacher

HEAD = "AutoModelForSequenceClassification"
BERT = BertForSequenceClassification(
    BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=6, num_attention_heads=2, intermediate_size=16)
)
DISTILBERT = DistilBertForSequenceClassification(
    DistilBertConfig(vocab_size=40, dim=16, n_layers=4, n_heads=2, hidden_dim=16)
)
BATCH = {
    "input_ids": torch.tensor([[1, 5, 6], [1, 7, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1], [1, 1, 0]]),
    "key": torch.tensor([1, 2]),
}


def align(logits, batch):
    """A row an example, as where texts are classified."""
    return logits, batch.get("labels")


@pytest.mark.parametrize(
    ("name", "layers"),
    [("uniform", [1, 3, 5]), ("first", [0, 1, 2]), ("last", [3, 4, 5]), ("0,2,5", [0, 2, 5])],
)
def test_layers_are_mapped_by_name_or_number(name, layers):
    assert layer_map(name, student=3, teacher=6) == layers


def test_as_many_layers_as_the_teacher_has_are_all_of_them():
    assert layer_map("uniform", student=4, teacher=4) == [0, 1, 2, 3]
    assert layer_map("uniform", student=4, teacher=6)[-1] == 5


def test_more_layers_than_the_teacher_has_to_give_are_refused():
    with pytest.raises(ModelError, match=re.escape("the student has 7 layers, but the teacher has only 6 to give")):
        layer_map("uniform", student=7, teacher=6)


@pytest.mark.parametrize("name", ["1,2", "1,2,6"])
def test_numbers_that_do_not_fit_are_refused(name):
    message = f"layer map {name}: allowed are 3 numbers, one a student layer, from 0 to 5"
    with pytest.raises(ModelError, match=re.escape(message)):
        layer_map(name, student=3, teacher=6)


def test_a_number_that_does_not_fit_the_one_layer_is_refused():
    message = "layer map 6: allowed is a number for the student's layer, from 0 to 5"
    with pytest.raises(ModelError, match=re.escape(message)):
        layer_map("6", student=1, teacher=6)


def test_a_student_of_all_layers_answers_like_its_teacher():
    for teacher, layers in ((BERT, 6), (DISTILBERT, 4)):
        teacher.eval()
        for columns in ([0, 1], [1, 0]):
            student = from_layers(teacher, range(layers), columns, HEAD, dropout=0.1).eval()
            assert torch.equal(outputs(student, BATCH).logits, outputs(teacher, BATCH).logits[:, columns])


def test_a_student_has_the_chosen_layers_in_their_order():
    student = from_layers(BERT, [1, 4], [0, 1], HEAD, dropout=0.0)
    assert student.config.num_hidden_layers == 2
    for place, layer in enumerate((1, 4)):
        mine = student.bert.encoder.layer[place].attention.self.query.weight
        assert torch.equal(mine, BERT.bert.encoder.layer[layer].attention.self.query.weight)
    assert loading.parameters(student) < loading.parameters(BERT)
    assert BERT.config.num_hidden_layers == 6


def test_a_layer_may_be_taken_twice():
    student = from_layers(BERT, [2, 2], [0, 1], HEAD, dropout=0.0)
    first, second = (layer.attention.self.query.weight for layer in student.bert.encoder.layer)
    assert torch.equal(first, second)


def test_a_live_teacher_is_frozen_stays_in_eval_mode_and_is_no_submodule():
    teacher = LiveTeacher(BERT.train(), align, [1, 0], hidden=True)
    holder = torch.nn.Module()
    holder.teacher = teacher
    holder.train()
    assert not list(holder.parameters())
    assert not BERT.training
    answer = teacher(BATCH)
    assert not answer.logits.requires_grad
    assert not answer.logits.is_inference()
    assert len(answer.hidden) == 7
    assert torch.equal(answer.mask, BATCH["attention_mask"].bool())


def test_a_live_teacher_keeps_its_own_precision_where_its_student_trains_in_mixed():
    teacher = LiveTeacher(BERT, align, [0, 1], hidden=True)
    alone = teacher(BATCH)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        beside = teacher(BATCH)
    assert torch.equal(beside.logits, alone.logits)
    assert torch.equal(beside.hidden[-1], alone.hidden[-1])


def test_labels_are_matched_by_name_and_never_by_position():
    config = BertConfig(id2label={0: "positive", 1: "negative"}, label2id={"positive": 0, "negative": 1})
    columns = label_columns(config, ("negative", "positive"), ())
    assert columns == [1, 0]
    straight = LiveTeacher(BERT, align, [0, 1], hidden=False)(BATCH).logits
    turned = LiveTeacher(BERT, align, columns, hidden=False)(BATCH).logits
    assert torch.equal(turned, straight.flip(-1))


def test_a_teacher_with_other_labels_is_refused_with_the_way_out():
    message = (
        "the teacher's labels are LABEL_0, LABEL_1, those of the data are negative, positive; "
        "name its outputs in their order with teacher.labels=[...], or the data's labels with data.labels"
    )
    config = BertConfig(num_labels=2)
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        label_columns(config, ("negative", "positive"), ())
    assert label_columns(config, ("negative", "positive"), ["positive", "negative"]) == [1, 0]


def test_a_teacher_with_more_labels_serves_those_of_the_data_on_wish():
    config = BertConfig(id2label=dict(enumerate(["positive", "neutral", "negative"])))
    said = "the teacher's labels are positive, neutral, negative, those of the data are negative, positive"
    offer = (
        f"{said}: the data has no neutral; teacher.labels_subset=true takes the teacher's outputs for the data's "
        "labels and leaves the others out"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(offer)}$"):
        label_columns(config, ("negative", "positive"), ())
    assert label_columns(config, ("negative", "positive"), (), subset=True) == [2, 0]
    assert label_columns(config, ("negative", "positive"), ("negative", "x", "positive"), subset=True) == [0, 2]
    lacking = (
        "the teacher's labels are positive, neutral, negative, those of the data are negative, mixed; "
        "teacher.labels_subset=true needs an output for each, and there is none for mixed; name its outputs in their "
        "order with teacher.labels=[...], or the data's labels with data.labels"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(lacking)}$"):
        label_columns(config, ("negative", "mixed"), (), subset=True)


@pytest.mark.parametrize("names", [["neg", "pos"], ["neg", "odd", "neutral", "pos"]])
def test_names_of_more_or_fewer_outputs_than_a_teacher_has_are_refused(names):
    config = BertConfig(id2label=dict(enumerate(["a", "b", "c"])))
    message = (
        f"{len(names)} outputs are named {', '.join(names)}, and the checkpoint has 3; name all of them in their order "
        "with teacher.labels=[...]"
    )
    for subset in (False, True):
        with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
            label_columns(config, ("neg", "pos"), names, subset=subset)


@pytest.mark.parametrize("subset", [False, True])
@pytest.mark.parametrize(("names", "count"), [(["neg", "pos"], "2 outputs"), (["LABEL_0"], "1 output")])
def test_a_teacher_of_fewer_outputs_than_labels_is_to_be_fine_tuned(names, count, subset):
    message = (
        f"the teacher's labels are {', '.join(names)}, those of the data are neg, neutral, pos: it has {count} for 3 "
        "labels; give a checkpoint that has learnt all of them, or leave out teacher.finetuned=true, and the run "
        "fine-tunes it"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        label_columns(BertConfig(id2label=dict(enumerate(names))), ("neg", "neutral", "pos"), (), subset=subset)


def test_a_student_of_some_of_the_teachers_outputs_has_no_others():
    config = BertConfig(**{**BERT.config.to_dict(), "id2label": {0: "a", 1: "b", 2: "c"}})
    teacher = BertForSequenceClassification(config)
    student = from_layers(teacher, [0], [2, 0], "AutoModelForSequenceClassification", 0.0)
    assert torch.equal(student.classifier.weight, teacher.classifier.weight[[2, 0]])
    assert torch.equal(student.classifier.bias, teacher.classifier.bias[[2, 0]])


def test_a_teacher_reads_its_own_tokens_where_they_differ():
    batch = {**BATCH, "teacher_input_ids": BATCH["input_ids"] + 3, "teacher_attention_mask": BATCH["attention_mask"]}
    own = LiveTeacher(BERT, align, [0, 1], hidden=False, prefix="teacher_")(batch).logits
    shifted = LiveTeacher(BERT, align, [0, 1], hidden=False)({**BATCH, "input_ids": BATCH["input_ids"] + 3}).logits
    assert torch.equal(own, shifted)


@pytest.mark.parametrize("name", ["bart", "t5"])
def test_encoder_decoders_read_texts_too(name):
    torch.manual_seed(0)
    if name == "bart":
        size = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "d_model": 8}
        ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
        heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
        config = BartConfig(vocab_size=20, num_labels=3, **size, **ends, **heads)
    else:
        config = T5Config(
            vocab_size=20, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, pad_token_id=0, eos_token_id=2,
            decoder_start_token_id=0, num_labels=3,
        )  # fmt: skip
    model = loading.from_config(config, HEAD).eval()
    ids = torch.tensor([[5, 6, 7, 2], [8, 2, 0, 0]])
    answer = outputs(model, {"input_ids": ids, "attention_mask": (ids != 0).long()}, hidden=True)
    alone = outputs(model, {"input_ids": ids[1:, :2], "attention_mask": torch.ones(1, 2).long()})
    assert answer.logits.shape == (2, 3)
    assert torch.allclose(answer.logits[1], alone.logits[0], atol=1e-5)
    assert [state.shape for state in answer.hidden] == [(2, 4, 8)] * 2

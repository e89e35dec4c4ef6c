"""Two models that write as one, against one token after the other."""

import copy

import pytest
import torch
from transformers import BartConfig, GPT2Config, LlamaConfig, MarianConfig, T5Config

from distill.errors import ModelError
from distill.inference import generation_ensemble as ensembles
from distill.inference.generation_ensemble import EnsembleRuntime
from distill.inference.runtime import FinishedModel
from distill.inference.torch_runtime import TorchRuntime
from distill.models import loading
from distill.models.forward import outputs
from distill.teacher.combining import combine
from distill.types import IGNORE

ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
STACKS = {
    "vocab_size": 12, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_position_embeddings": 20,
    "decoder_start_token_id": 1, "init_std": 0.6, **ENDS,
}  # fmt: skip
LAYERS = {
    "vocab_size": 12, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
    "initializer_range": 0.6, "max_position_embeddings": 30, **ENDS,
}  # fmt: skip
MADE = {
    "bart": lambda: BartConfig(forced_eos_token_id=None, **STACKS),
    "bart that has to end": lambda: BartConfig(forced_eos_token_id=2, **STACKS),
    "marian": lambda: MarianConfig(forced_eos_token_id=None, **{**STACKS, "init_std": 0.4}),
    "t5": lambda: T5Config(
        vocab_size=12,
        d_model=16,
        d_kv=8,
        d_ff=24,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=1,
        initializer_factor=2.0,
        **ENDS,
    ),
    "gpt2": lambda: GPT2Config(**{**LAYERS, "n_inner": 24}),
    "llama": lambda: LlamaConfig(**LAYERS),
}
SOURCES = torch.tensor([[3, 4, 5, 6, 2], [7, 8, 2, 0, 0], [9, 10, 11, 2, 0]])


def made(name, seed):
    torch.manual_seed(seed)
    config = MADE[name]()
    return loading.from_config(config, f"AutoModelFor{'Seq2SeqLM' if config.is_encoder_decoder else 'CausalLM'}").eval()


def batch(model):
    """Sources; for a decoder filled up in front."""
    ids = SOURCES
    if not model.config.is_encoder_decoder:
        ids = torch.stack([torch.roll(row, int((row == 0).sum())) for row in ids])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


def mean(*weights):
    return lambda logits, lengths: combine("probabilities", "class", logits, weights, 1.0, lengths)


def together(combined, *models):
    return EnsembleRuntime([TorchRuntime(model) for model in models], combined)


def wrote(model, beams=1, combined=None, others=(), count=8):
    """What a model writes, alone or together with others."""
    runtime = TorchRuntime(model) if combined is None else together(combined, model, *others)
    with torch.no_grad():
        found = runtime.generate(batch(model), {"num_beams": beams, "max_new_tokens": count})
    return [ids.tolist() for ids in found]


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("name", MADE)
def test_what_has_no_weight_or_is_the_same_model_changes_nothing_that_is_written(name, beams):
    first, second = made(name, 1), made(name, 2)
    alone = wrote(first, beams)
    assert alone != wrote(second, beams), "both write the same: nothing would be seen"
    assert wrote(first, beams, mean(1.0, 0.0), [second]) == alone
    assert wrote(first, beams, mean(0.3, 0.7), [copy.deepcopy(first)]) == alone
    assert wrote(first, beams, mean(0.0, 0.5, 0.5), [second, second]) == wrote(second, beams)


@pytest.mark.parametrize(
    "settings", [{"no_repeat_ngram_size": 2}, {"min_new_tokens": 6}, {"bad_words_ids": [[3], [9]]}]
)
@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("name", MADE)
def test_what_the_first_forbids_is_forbidden_as_if_it_wrote_alone(name, beams, settings):
    first, second = made(name, 1), made(name, 2)
    for key, value in settings.items():
        setattr(first.generation_config, key, value)
    alone = wrote(first, beams)
    assert wrote(first, beams, mean(1.0, 0.0), [second]) == alone
    assert wrote(first, beams, mean(0.3, 0.7), [copy.deepcopy(first)]) == alone


@pytest.mark.parametrize("name", MADE)
def test_a_single_source_is_written_for_as_in_a_batch(name):
    first, second = made(name, 1), made(name, 2)
    both, given = together(mean(0.4, 0.6), first, second), batch(first)
    in_a_batch = wrote(first, 1, mean(0.4, 0.6), [second])
    for ids, mask, written in zip(given["input_ids"], given["attention_mask"], in_a_batch, strict=True):
        alone = {"input_ids": ids[mask.bool()].unsqueeze(0), "attention_mask": mask[mask.bool()].unsqueeze(0)}
        with torch.no_grad():
            assert both.generate(alone, {"max_new_tokens": 8})[0].tolist() == written


def test_a_first_model_that_has_written_with_another_writes_alone_again():
    first, second = made("bart", 1), made("bart", 2)
    alone = wrote(first)
    assert wrote(first, 1, mean(0.0, 1.0), [second]) != alone
    assert wrote(first) == alone


def next_token(models, ids, mask, written):
    """The likeliest next token by the mean of the models' probabilities, of one source alone and without filling."""
    ids, total = ids[mask.bool()].unsqueeze(0), 0
    for weight, model in zip((0.4, 0.6), models, strict=True):
        if model.config.is_encoder_decoder:
            logits = model(input_ids=ids, decoder_input_ids=torch.tensor([[1, *written]])).logits
        else:
            logits = model(input_ids=torch.cat([ids, torch.tensor([written]).long().view(1, -1)], dim=1)).logits
        total = total + weight * logits[0, -1].softmax(dim=-1)
    return int(total.argmax())


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in MADE if name != "bart that has to end"])
def test_each_token_is_the_likeliest_by_the_mean_of_probabilities(name):
    models = made(name, 1), made(name, 2)
    found = wrote(models[0], 1, mean(0.4, 0.6), [models[1]])
    given = batch(models[0])
    for ids, mask, written in zip(given["input_ids"], given["attention_mask"], found, strict=True):
        expected = []
        while len(expected) < 8 and 2 not in expected:
            expected.append(next_token(models, ids, mask, expected))
        assert written == expected
    assert found not in ([wrote(model) for model in models]), "one of them writes it all"


def test_what_a_model_must_write_is_written():
    models = made("bart that has to end", 1), made("bart that has to end", 2)
    found = wrote(models[0], 2, mean(0.5, 0.5), [models[1]], count=3)
    assert all(len(ids) <= 3 and ids[-1] == 2 for ids in found)


@torch.no_grad()
def test_the_common_rows_are_the_mean_of_probabilities_row_by_row():
    models = made("bart", 1), made("bart", 2)
    targets = torch.tensor([[5, 2, IGNORE], [6, 7, 2], [8, 9, 2]])
    given = {**batch(models[0]), "target_ids": targets, "count": torch.tensor([2, 3, 3])}

    def align(logits, batch):
        return logits[batch["target_ids"] != IGNORE], batch["target_ids"][batch["target_ids"] != IGNORE]

    first, second = (align(outputs(model, given).logits, given)[0] for model in models)
    found, _ = align(together(mean(0.25, 0.75), *models).logits(given), given)
    expected = 0.25 * first.softmax(dim=-1) + 0.75 * second.softmax(dim=-1)
    torch.testing.assert_close(found.softmax(dim=-1), expected)


class Elsewhere:
    """A runtime that is not PyTorch's."""

    name = "elsewhere"


def test_only_models_run_by_pytorch_write_together():
    with pytest.raises(ModelError, match="only models run by PyTorch can"):
        EnsembleRuntime([TorchRuntime(made("bart", 1)), Elsewhere()], mean(0.5, 0.5)).generate({}, {})


def test_finished_models_are_opened_together_and_named_apart_from_the_first_alone():
    opened = []

    def finished(number):
        runtime = TorchRuntime(made("bart", number))
        return FinishedModel("first", f"made {number}", None, lambda device: opened.append(device) or runtime)

    both = ensembles.together([finished(1), finished(2)], mean(0.5, 0.5), "the mean")
    assert (both.made_by, both.beside) == ("made 1", {"beside": ["made 2"], "how": "the mean"})
    assert not opened
    runtime = both.open(torch.device("cpu"))
    assert opened == [torch.device("cpu")] * 2
    one = TorchRuntime(made("bart", 1))
    assert runtime.parameters == 2 * one.parameters
    assert runtime.description == f"{one.description}; {one.description}"

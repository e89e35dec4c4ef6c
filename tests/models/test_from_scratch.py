import pytest
import torch

from distill.models import from_scratch, loading
from distill.models.tokenizer_training import train

TEXTS = ["the tower of Paris was built by engineers", "a committee in Berlin rejected it"]
SIZE = from_scratch.Size(layers=2, hidden_size=16, heads=2, intermediate_size=24)
HEADS = {
    "encoder": "AutoModelForTokenClassification", "encoder-decoder": "AutoModelForSeq2SeqLM",
    "decoder": "AutoModelForCausalLM",
}  # fmt: skip


def made(family, size=SIZE):
    tokenizer = train(family, TEXTS, vocab_size=330, max_length=24)
    return tokenizer, from_scratch.config(family, tokenizer, size, max_length=24, dropout=0.25)


@pytest.mark.parametrize("family", HEADS)
def test_a_model_has_the_size_vocabulary_and_special_tokens_that_were_asked_for(family):
    tokenizer, config = made(family)
    model = loading.from_config(config, HEADS[family])
    assert model.get_input_embeddings().weight.shape == (len(tokenizer), 16)
    assert config.num_hidden_layers == 2
    assert config.num_attention_heads == 2
    assert config.pad_token_id == tokenizer.pad_token_id
    assert loading.bound(config) == 24
    if family == "encoder-decoder":  # BART keeps it as a number
        assert (model.model.encoder.layers[0].dropout, config.attention_dropout) == (0.25, 0.25)
    else:
        assert {each.p for each in model.modules() if isinstance(each, torch.nn.Dropout)} == {0.25}
    if family != "encoder":
        assert config.eos_token_id == tokenizer.eos_token_id
        assert model.generation_config.eos_token_id == tokenizer.eos_token_id


@pytest.mark.parametrize("family", HEADS)
def test_a_model_reads_as_many_tokens_as_it_was_made_for_and_no_more(family):
    model = loading.from_config(made(family)[1], HEADS[family]).eval()
    with torch.no_grad():
        assert model(input_ids=torch.full((1, 24), 5)).logits.shape[:2] == (1, 24)
        with pytest.raises((IndexError, RuntimeError)):
            model(input_ids=torch.full((1, 40), 5))


@pytest.mark.parametrize("family", HEADS)
def test_padding_changes_nothing(family):
    torch.manual_seed(0)
    tokenizer, config = made(family)
    model = loading.from_config(config, HEADS[family]).eval()
    ids = torch.tensor([[5, 6, 7]])
    wider = torch.tensor([[5, 6, 7, tokenizer.pad_token_id, tokenizer.pad_token_id]])
    more = {"decoder_input_ids": torch.tensor([[1, 8, 9]])} if family == "encoder-decoder" else {}
    with torch.no_grad():
        one = model(input_ids=ids, attention_mask=torch.ones_like(ids), **more).logits
        other = model(input_ids=wider, attention_mask=torch.tensor([[1, 1, 1, 0, 0]]), **more).logits[:, :3]
    assert torch.allclose(one, other, atol=1e-5)


def test_an_encoder_decoder_may_have_fewer_layers_that_write():
    size = from_scratch.Size(layers=3, hidden_size=16, heads=2, intermediate_size=24, decoder_layers=1)
    config = made("encoder-decoder", size)[1]
    assert (config.encoder_layers, config.decoder_layers) == (3, 1)
    assert made("encoder-decoder")[1].decoder_layers == 2


def test_an_encoder_decoder_begins_with_its_start_token_and_is_not_forced_to_end():
    tokenizer, config = made("encoder-decoder")
    model = loading.from_config(config, HEADS["encoder-decoder"])
    shifted = model.prepare_decoder_input_ids_from_labels(torch.tensor([[7, 8, 2], [9, 2, -100]]))
    assert shifted.tolist() == [[tokenizer.bos_token_id, 7, 8], [tokenizer.bos_token_id, 9, 2]]
    assert model.generation_config.forced_eos_token_id is None


@pytest.mark.parametrize(("start", "found"), [(7, 7), (None, 0)])
def test_a_tokenizer_without_a_beginning_leaves_it_to_the_teacher_or_to_the_padding(start, found):
    tokenizer = train("encoder-decoder", TEXTS, vocab_size=330, max_length=24)
    tokenizer.bos_token = None
    config = from_scratch.config("encoder-decoder", tokenizer, SIZE, max_length=24, dropout=0.0, start=start)
    assert config.decoder_start_token_id == found
    model = loading.from_config(config, HEADS["encoder-decoder"])
    shifted = model.prepare_decoder_input_ids_from_labels(torch.tensor([[7, 8, 2]]))
    assert shifted.tolist() == [[found, 7, 8]]


def test_a_text_that_is_written_ends_in_what_separates_where_nothing_else_ends_it():
    tokenizer = train("encoder", TEXTS, vocab_size=330, max_length=24)
    config = from_scratch.config("encoder-decoder", tokenizer, SIZE, max_length=24, dropout=0.0)
    assert (config.decoder_start_token_id, config.eos_token_id) == (tokenizer.cls_token_id, tokenizer.sep_token_id)


def test_a_new_head_begins_where_it_is_told_and_one_of_another_width_stays_as_it_is():
    from transformers import BertConfig, BertForSequenceClassification

    from distill.models import from_scratch

    size = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    scores = BertForSequenceClassification(BertConfig(**size, num_labels=1))
    from_scratch.initialize_output_bias(scores, torch.tensor([2.5]))
    assert scores.classifier.bias.tolist() == [2.5]
    classes = BertForSequenceClassification(BertConfig(**size, num_labels=3))
    from_scratch.initialize_output_bias(classes, torch.tensor([2.5]))
    assert classes.classifier.bias.tolist() == [0, 0, 0]
    from_scratch.initialize_output_bias(classes, torch.tensor([1.0, -2.0, 0.5]))
    assert classes.classifier.bias.tolist() == [1.0, -2.0, 0.5]
    from_scratch.initialize_output_bias(classes, torch.tensor([3.0, 3.0, 3.0]))
    assert classes.classifier.bias.tolist() == [1.0, -2.0, 0.5], "it has learnt"

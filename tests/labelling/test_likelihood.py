"""A local language model labels by likelihood: as one text at a time in NumPy, calibrated as Zhao et al. say."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from distill.errors import ModelError
from distill.labelling import prompts
from distill.labelling.likelihood import Ask, LikelihoodLabeller, probabilities
from distill.labelling.questions import Question

LABELS = ("good", "rather bad", "bad")
PROMPT = prompts.build("Judge.", "", dict.fromkeys(LABELS, ""), None, ("text",))
TEXTS = ("a good film", "a bad film , rather bad and long", "film")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A GPT-2 of random weights and a tokenizer of words."""
    place = tmp_path_factory.mktemp("gpt2")
    words = "a good bad rather film and long Judge Labels Label : - . , / N A Does the label fit yes or no ? Answer"
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<pad>", "<end>", *words.split()])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"unk_token": "<unk>", "pad_token": "<pad>", "eos_token": "<end>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(place)
    torch.manual_seed(3)
    size = GPT2Config(
        vocab_size=len(vocabulary), n_positions=64, n_embd=16, n_layer=2, n_head=2, initializer_range=0.6,
        bos_token_id=2, eos_token_id=2,
    )  # fmt: skip
    GPT2LMHeadModel(size).save_pretrained(place)
    return place


def twin(labeller, text, labels, calibrated):
    """The probabilities of the labels of one text, word by word, without batches."""

    def logs(said):
        (prompt,) = labeller.ask.prompts({"text": said})
        ids = labeller._tokenizer(prompt)["input_ids"]
        found = []
        for label in labels:
            word = labeller._tokenizer(f" {label}")["input_ids"]
            with torch.no_grad():
                logits = labeller._model(torch.tensor([ids + word])).logits[0].double().numpy()
            rows = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
            found.append(sum(rows[len(ids) + at - 1, token] for at, token in enumerate(word)))
        return np.array(found)

    likely = np.exp(logs(text))
    likely /= likely.sum()
    if calibrated:
        priors = [np.exp(logs(said)) for said in ("N/A", "[MASK]", "")]
        likely /= np.mean([prior / prior.sum() for prior in priors], axis=0)
    return likely / likely.sum()


@pytest.mark.parametrize("calibrated", [True, False])
def test_probabilities_are_those_of_one_text_at_a_time(folder, calibrated):
    labeller = LikelihoodLabeller(folder, Ask(PROMPT, LABELS, calibrated=calibrated, batch_size=7))
    questions = [Question(str(number), {"text": text}) for number, text in enumerate(TEXTS)]
    replies = list(labeller.replies(iter(questions)))
    assert [reply.question.key for reply in replies] == ["0", "1", "2"]
    for reply, text in zip(replies, TEXTS, strict=True):
        assert list(reply.answer) == list(LABELS)
        np.testing.assert_allclose(list(reply.answer.values()), twin(labeller, text, LABELS, calibrated), rtol=1e-4)


def test_an_input_without_content_is_calibrated_to_no_label(folder):
    logs = np.log(np.array([[0.7, 0.2, 0.1]]))
    np.testing.assert_allclose(probabilities(logs, np.array([[0.7, 0.2, 0.1]])), 1 / 3)
    assert probabilities(logs, None).argmax() == 0


def test_several_labels_are_decided_one_by_one(folder):
    labeller = LikelihoodLabeller(folder, Ask(PROMPT, LABELS, several=True))
    (reply,) = labeller.replies(iter([Question("0", {"text": "a good film"})]))
    assert list(reply.answer) == list(LABELS)
    assert all(0 < value < 1 for value in reply.answer.values())
    assert sum(reply.answer.values()) != pytest.approx(1)


def test_a_long_text_is_cut_and_the_labels_are_not(folder):
    labeller = LikelihoodLabeller(folder, Ask(PROMPT, LABELS))
    long, longer = (" ".join(["film"] * count) for count in (200, 300))
    first, second = labeller.replies(iter([Question("0", {"text": long}), Question("1", {"text": longer})]))
    assert first.answer == second.answer


def test_a_prompt_that_does_not_fit_is_refused(folder):
    wordy = prompts.build("a good film " * 25, "", {}, None, ("text",))
    labeller = LikelihoodLabeller(folder, Ask(wordy, LABELS, calibrated=False))
    with pytest.raises(ModelError, match=r"reads 64 tokens, and the prompt alone has 77: say less in it"):
        list(labeller.replies(iter([Question("0", {"text": "film"})])))

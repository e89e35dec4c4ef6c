"""Label texts with a local causal language model, by how likely it finds the word of each label after the text.

A label's likelihood also depends on how common its word is, and on which labels stand last in the prompt. Contextual
calibration (Zhao et al. 2021, "Calibrate Before Use") divides by what the model says of inputs without content.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.base import signals
from distill.base.files import folder_checksum
from distill.errors import ModelError
from distill.labelling.prompts import Prompt
from distill.labelling.questions import Question, Reply
from distill.models import loading
from distill.models.forward import forward_errors

HEAD = "AutoModelForCausalLM"
_WITHOUT_CONTENT = ("N/A", "[MASK]", "")
"""Inputs of which the paper takes the mean."""
_LEAST_ROOM = 8
"""Tokens of a text that have to fit beside the prompt."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ask:
    """How a local model is asked.

    Attributes:
        prompt: what is to be done, the labels, and the text.
        labels: their names.
        several: whether each label is decided on its own, with yes and no.
        calibrated: whether likelihoods are divided by those of inputs without content.
        batch_size: sequences that are read at once.
    """

    prompt: Prompt
    labels: tuple[str, ...]
    several: bool = False
    calibrated: bool = True
    batch_size: int = 16

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the words whose likelihoods are compared."""
        return ("yes", "no") if self.several else self.labels

    def prompts(self, inputs: Mapping[str, object]) -> list[str]:
        """Return the text in front of the word: one, or one for each label."""
        text = f"{self.prompt.system}\n\n{self.prompt.user(inputs)}\n"
        if not self.several:
            return [f"{text}Label:"]
        return [f"{text}Does the label {name} fit, yes or no?\nAnswer:" for name in self.labels]


class LikelihoodLabeller:
    """A labeller that is a causal language model in a folder; its answers are probabilities by label."""

    def __init__(self, folder: Path, ask: Ask) -> None:
        """Open the model.

        Raises:
            ModelError: the folder is no causal language model.
        """
        self.folder, self.ask = folder, ask
        self._tokenizer = loading.load_tokenizer(folder)
        self._model = loading.load_model(folder, HEAD, tokenizer=self._tokenizer).train(False)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model.to(self._device)
        self._words = [self._tokenizer(f" {word}", add_special_tokens=False)["input_ids"] for word in ask.choices]
        if empty := [word for word, ids in zip(ask.choices, self._words, strict=True) if not ids]:
            raise ModelError(f"{folder}: its tokenizer has no tokens for the label {empty[0]}")

    def identity(self) -> Mapping[str, object]:
        """Return what its answers depend on."""
        ask = self.ask
        return {
            "labeller": "local",
            "model": folder_checksum(self.folder, loading.FILES),
            "prompt": [ask.prompt.system, ask.prompt.template],
            "labels": list(ask.labels),
            "several": ask.several,
            "calibrated": ask.calibrated,
        }

    def replies(self, questions: Iterator[Question]) -> Iterator[Reply]:
        """Yield the probabilities of the labels of each text.

        Raises:
            ModelError: the prompt does not fit into what the model reads, or the model cannot read it.
        """
        priors = self._priors()
        while some := list(islice(questions, max(1, self.ask.batch_size // len(self._words)))):
            signals.check()
            prompts = [self.ask.prompts(self._cut(question.inputs)) for question in some]
            likely = self._log_likelihoods([prompt for each in prompts for prompt in each])
            for question, logs in zip(some, likely.reshape(len(some), -1, len(self._words)), strict=True):
                yield Reply(question, self._answer(probabilities(logs, priors)))

    def _answer(self, rows: Floats) -> dict[str, float]:
        """Return probabilities by label, of rows ``[1, labels]`` or ``[labels, 2]``."""
        values = rows[:, 0] if self.ask.several else rows[0]
        return dict(zip(self.ask.labels, values.tolist(), strict=True))

    def _priors(self) -> Floats | None:
        """Return what the model says of inputs without content: ``[prompts, words]``, or none."""
        if not self.ask.calibrated:
            return None
        prompts = [self.ask.prompts(dict.fromkeys(self.ask.prompt.fields, text)) for text in _WITHOUT_CONTENT]
        logs = self._log_likelihoods([prompt for each in prompts for prompt in each])
        means: Floats = probabilities(logs.reshape(len(prompts), -1, len(self._words)), None).mean(axis=0)
        return means

    def _cut(self, inputs: Mapping[str, object]) -> dict[str, str]:
        """Return the inputs, each cut so that the prompt and every label fit into what the model reads."""
        texts = {name: str(value) for name, value in inputs.items()}
        bound = loading.bound(self._model.config)
        if bound is None:
            return texts
        around = max(len(ids) for ids in self._encoded(self.ask.prompts(dict.fromkeys(texts, ""))))
        room = (bound - around - max(map(len, self._words))) // len(texts)
        if room < _LEAST_ROOM:
            raise ModelError(f"{self.folder} reads {bound} tokens, and the prompt alone has {around}: say less in it")
        return {name: self._beginning(text, room) for name, text in texts.items()}

    def _beginning(self, text: str, room: int) -> str:
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return text if len(ids) <= room else cast(str, self._tokenizer.decode(ids[: room - 1]))

    def _encoded(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return prompts as tokens, without an end token behind which nothing would follow."""
        ends = {self._tokenizer.eos_token_id, self._tokenizer.sep_token_id}
        encoded = cast(list[list[int]], self._tokenizer(list(prompts))["input_ids"])
        return [ids[:-1] if ids[-1] in ends else ids for ids in encoded]

    def _log_likelihoods(self, prompts: Sequence[str]) -> Floats:
        """Return the log-likelihood of each word after each prompt, ``[prompts, words]``, summed over its tokens."""
        pairs = [(prompt, word) for prompt in self._encoded(prompts) for word in self._words]
        values: list[float] = []
        for start in range(0, len(pairs), self.ask.batch_size):
            signals.check()
            with forward_errors(str(self.folder)):
                values += log_likelihoods(self._model, self._tokenizer, pairs[start : start + self.ask.batch_size])
        return np.asarray(values).reshape(len(prompts), len(self._words))


@torch.inference_mode()
def log_likelihoods(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> list[float]:
    """Return the log-likelihood that a causal language model gives to the tokens of a word after those of a prompt.

    Args:
        model: reads ``[batch, tokens]``.
        tokenizer: knows its padding.
        pairs: a prompt and a word each, as tokens.
    """
    device = model.device
    ids = pad_sequence([torch.tensor([*prompt, *word]) for prompt, word in pairs], True, float(tokenizer.pad_token_id))
    lengths = torch.tensor([len(prompt) + len(word) for prompt, word in pairs])
    mask = torch.arange(ids.shape[1])[None, :] < lengths[:, None]
    logits: Tensor = model(input_ids=ids.to(device), attention_mask=mask.long().to(device), use_cache=False).logits
    surprise = cross_entropy(logits[:, :-1].double().cpu().transpose(1, 2), ids[:, 1:], reduction="none")
    place = torch.arange(1, ids.shape[1])[None, :]  # of the token that is predicted
    of_word = (place >= torch.tensor([len(prompt) for prompt, _ in pairs])[:, None]) & mask[:, 1:]
    return cast(list[float], (-surprise * of_word).sum(dim=1).tolist())


def probabilities(logs: Floats, priors: Floats | None) -> Floats:
    """Return log-likelihoods ``[..., words]`` as probabilities of the words, calibrated by their priors.

    Contextual calibration (Zhao et al. 2021): ``q = softmax(log p - log prior)``.

    >>> probabilities(np.log([[0.6, 0.2]]), np.array([[0.75, 0.25]])).round(3).tolist()
    [[0.5, 0.5]]
    """
    shifted = logs if priors is None else logs - np.log(np.maximum(priors, np.finfo(float).tiny))
    powers = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    return cast(Floats, powers / powers.sum(axis=-1, keepdims=True))

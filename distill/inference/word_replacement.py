"""Words of texts replaced by what a masked language model would say in their place (Jiao et al. 2020).

Words that the model knows as one token are replaced, as in TinyBERT; those of a text that chance picks are hidden
together, so that a text is read once (https://arxiv.org/abs/1909.10351).
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.data.augmentation import chosen
from distill.tasks.collating import pad
from distill.tasks.word_pieces import word_prefix


class WordReplacer:
    """A masked language model that replaces words."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, candidates: int, max_length: int
    ) -> None:
        """Keep the model, and which of its tokens are whole words.

        Args:
            model: a masked language model.
            tokenizer: the model's, with a mask token.
            candidates: words among which chance draws, by their probability.
            max_length: tokens that are read of a text; words beyond stay.
        """
        model.train(False)
        self.model, self.tokenizer, self.max_length = model, tokenizer, max_length
        self.prefix = word_prefix(tokenizer)
        self.words = self._words()
        self.candidates = min(candidates, len(self.words))

    @torch.inference_mode()
    def replaced(
        self, texts: Sequence[Sequence[str]], share: float, draws: Sequence[np.random.Generator]
    ) -> list[list[str]]:
        """Return the texts with other words in some places.

        Args:
            texts: the words of each, with the spaces after them.
            share: of the words, which is hidden; at least one of those that can be.
            draws: where chance comes from, for each text.
        """
        stripped = [[self.prefix + word.strip() for word in words] for words in texts]
        encodings = self.tokenizer(
            stripped, is_split_into_words=True, truncation=True, max_length=self.max_length
        ).encodings
        places = [
            _hidden(each.word_ids, each.ids, self.words, share, draw)
            for each, draw in zip(encodings, draws, strict=True)
        ]
        ids = pad([each.ids for each in encodings], self.tokenizer.pad_token_id)
        for row, of_text in enumerate(places):
            ids[row, list(of_text.values())] = self.tokenizer.mask_token_id
        device = next(self.model.parameters()).device
        logits = self.model(
            input_ids=ids.to(device), attention_mask=pad([each.attention_mask for each in encodings], 0).to(device)
        ).logits
        results = []
        for row, (words, of_text, draw) in enumerate(zip(texts, places, draws, strict=True)):
            new = list(words)
            for word, token in of_text.items():
                before = int(encodings[row].ids[token])
                spaces = words[word][len(words[word].rstrip()) :]
                new[word] = self._drawn(logits[row, token], before, draw) + spaces
            results.append(new)
        return results

    def _drawn(self, logits: torch.Tensor, before: int, draw: np.random.Generator) -> str:
        """Draw a word other than ``before`` from the logits ``[vocabulary]`` of a hidden one."""
        numbers = torch.tensor([number for number in self.words if number != before], device=logits.device)
        best = logits[numbers].float().topk(min(self.candidates, len(numbers)))
        likely = best.values.softmax(dim=-1).double().cpu().numpy()
        number = int(numbers[best.indices[draw.choice(len(likely), p=likely / likely.sum())]])
        return self.words[number]

    def _words(self) -> dict[int, str]:
        """Return the tokens that are words of letters by themselves."""
        special = set(self.tokenizer.all_special_ids)
        numbers = [number for number in range(len(self.tokenizer)) if number not in special]
        texts = [str(self.tokenizer.decode([number])).strip() for number in numbers]
        letters = [(number, text) for number, text in zip(numbers, texts, strict=True) if text.isalpha()]
        alone = self.tokenizer(
            [[self.prefix + text] for _, text in letters], is_split_into_words=True, add_special_tokens=False
        )["input_ids"]
        return {number: text for (number, text), ids in zip(letters, alone, strict=True) if ids == [number]}


def _hidden(
    word_ids: Sequence[int | None],
    ids: Sequence[int],
    known: dict[int, str],
    share: float,
    draw: np.random.Generator,
) -> dict[int, int]:
    """Draw the words of a text that are hidden, each with the place of its only token."""
    counts: dict[int, int] = {}
    for word in word_ids:
        if word is not None:
            counts[word] = counts.get(word, 0) + 1
    can_be = {
        word: place
        for place, word in enumerate(word_ids)
        if word is not None and counts[word] == 1 and int(ids[place]) in known
    }
    if not can_be:
        return {}
    picked: NDArray[np.bool_] = chosen([str(word) for word in can_be], share, draw)
    return {word: place for (word, place), hides in zip(can_be.items(), picked, strict=True) if hides}

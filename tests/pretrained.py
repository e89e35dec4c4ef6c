"""A small BERT of random weights on disk, as transformers saves a pretrained one."""

from distill.models.tokenizers import train_wordpiece


def bert(folder, texts, layers=2):
    """A BertModel without a head, and BERT's own tokenizer, that knows the words of ``texts``."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    words = train_wordpiece(texts, vocab_size=500, max_length=64).get_vocab()
    folder.mkdir(parents=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(sorted(words, key=words.get)) + "\n", encoding="utf-8")
    BertTokenizer(str(vocabulary)).save_pretrained(folder)
    torch.manual_seed(5)
    size = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=128,
    )  # fmt: skip
    BertModel(size).save_pretrained(folder)
    return folder

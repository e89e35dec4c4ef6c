"""Small BERTs of random weights on disk, as transformers saves pretrained ones."""

from distill.models.tokenizer_training import train_wordpiece


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


def classifier(
    folder, texts=("a good film", "a bad film"), labels=("neg", "pos"), head="BertForSequenceClassification", **size
):
    """A BERT with a head for texts, or another one, and a tokenizer that knows the words of ``texts``."""
    import torch
    import transformers
    from transformers import BertConfig

    tokenizer = train_wordpiece(list(texts), vocab_size=100, max_length=64)
    torch.manual_seed(5)
    given = {
        "vocab_size": len(tokenizer), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 24, "max_position_embeddings": 64, "id2label": dict(enumerate(labels)),
        "label2id": {name: at for at, name in enumerate(labels)}, "initializer_range": 0.5,
    }  # fmt: skip
    getattr(transformers, head)(BertConfig(**{**given, **size})).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder

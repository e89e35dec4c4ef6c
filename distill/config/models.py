"""Settings of teacher and student: where they come from, how large they are, what is stored of the teacher."""

from dataclasses import dataclass, field

from distill.base.setting_rules import LAYERS, POSITIVE, allowed, at_least, one_of


@dataclass
class ArchitectureConfig:
    """The size of a model from scratch: a BERT encoder, a BART encoder-decoder or a GPT-2 decoder, as the task asks."""

    layers: int = field(default=2, metadata=allowed(at_least(1)))
    """Transformer layers; of an encoder-decoder those of the encoder."""
    hidden_size: int = field(default=128, metadata=allowed(at_least(1)))
    """Width of the hidden states, a multiple of `heads`."""
    heads: int = field(default=2, metadata=allowed(at_least(1)))
    """Attention heads of a layer."""
    intermediate_size: int = field(default=512, metadata=allowed(at_least(1)))
    """Width inside the feed-forward block of a layer."""
    decoder_layers: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Layers of the decoder of an encoder-decoder; none: as many as the encoder has."""


@dataclass
class TeacherConfig:
    """Who teaches."""

    model: str | None = None
    """Hub id or folder of a checkpoint; none trains one from scratch in the pretrain stage."""
    revision: str | None = None
    """Branch, tag or commit of a hub checkpoint; none takes main."""
    finetuned: bool = False
    """The checkpoint already solves the task, so that finetune is skipped."""
    labels: list[str] = field(default_factory=list)
    """Names of the outputs of a fine-tuned checkpoint that does not name them, in their order."""
    labels_subset: bool = False
    """Take of a fine-tuned checkpoint only the outputs for the labels of the data; a softmax goes over these alone."""
    accept: bool = False
    """Go on with a fine-tuned checkpoint that answers some rows of validation no better than anyone could who had not
    read them, or on another scale than the data's scores; else it is refused before anything is trained."""
    architecture: ArchitectureConfig = field(default_factory=ArchitectureConfig)
    """Size of a teacher from scratch."""
    vocab_size: int = field(default=4000, metadata=allowed(at_least(100)))
    """Size of the vocabulary of a tokenizer that is trained from scratch."""
    lowercase: bool = True
    """Whether an encoder's tokenizer from scratch lowercases the text and strips accents."""
    store: str = field(default="auto", metadata=allowed(one_of("auto", "always", "never")))
    """auto | always | never: whether the teacher's outputs are stored, so that it runs once for all students. auto
    stores unless a term reads what cannot be (attention, queries, keys and values) or the estimate passes the limit; of
    several teachers everything is stored."""
    store_limit_gb: float = field(default=10.0, metadata=allowed(POSITIVE))
    """The estimate, in 10⁹ bytes, above which auto does not store."""
    keep: str = field(default="top_k", metadata=allowed(one_of("top_k", "sampled")))
    """top_k | sampled: what is stored of the logits of a whole vocabulary. sampled, with store=always, draws tokens
    from the softened softmax: unbiased for `soft`, the one term that it serves (Anshumann et al. 2025)."""
    top_k: int = field(default=64, metadata=allowed(at_least(1)))
    """For keep=top_k, the logits kept of each token the teacher would write; the rest counts as one."""
    samples: int = field(default=50, metadata=allowed(at_least(1)))
    """For keep=sampled, the tokens drawn for each token the teacher would write, with replacement."""


@dataclass
class LstmConfig:
    """A student of bidirectional LSTM layers, which reads the teacher's tokens (Tang et al. 2019)."""

    layers: int = field(default=1, metadata=allowed(at_least(1)))
    """Bidirectional layers."""
    hidden_size: int = field(default=150, metadata=allowed(at_least(1)))
    """Width of the hidden states of each direction; both together are twice as wide."""
    embedding_size: int = field(default=128, metadata=allowed(at_least(1)))
    """Width of the token embeddings, at most the teacher's, of which they are the truncated SVD."""


@dataclass
class StudentConfig:
    """Who learns."""

    init: str = field(default="random", metadata=allowed(one_of("random", "teacher", "narrow", "bilstm", "checkpoint")))
    """random: `architecture` with the teacher's tokenizer. teacher: `layers` of the teacher. narrow: a copy of the
    teacher of the size `architecture`, cut out of its weights. bilstm: `lstm`. checkpoint: `model`."""
    model: str | None = None
    """Hub id or folder of a checkpoint, for init=checkpoint."""
    revision: str | None = None
    """Branch, tag or commit of a hub checkpoint; none takes main."""
    architecture: ArchitectureConfig = field(default_factory=ArchitectureConfig)
    """Size, for init=random and, at most that of the teacher, for init=narrow."""
    layers: int = field(default=2, metadata=allowed(at_least(1)))
    """Layers taken from the teacher, for init=teacher."""
    layer_map: str = field(default="uniform", metadata=allowed(LAYERS))
    """Which of the teacher's layers, for init=teacher and init=narrow: uniform | first | last | skip, or numbers from 0
    as in '1,3'."""
    lstm: LstmConfig = field(default_factory=LstmConfig)
    """Size, for init=bilstm."""

import pytest
import torch

from distill.data.columns import take
from distill.errors import DataError
from distill.inference.generation import write
from distill.models import from_scratch, loading
from distill.models.forward import outputs
from distill.models.tokenizer_training import train_bytes
from distill.tasks import EncodingSpec, Options, summarization, task

TASK = task("translation")
ROWS = {
    "source": ["the tower of Paris", "a committee in Berlin rejected the proposal of the French government"],
    "target": ["la tour", "un comité à Berlin"],
    "key": [1, 2],
}


@pytest.fixture(scope="module")
def model(bytelevel):
    torch.manual_seed(0)
    size = from_scratch.Size(layers=1, hidden_size=16, heads=2, intermediate_size=32)
    made = from_scratch.config("encoder-decoder", bytelevel, size, max_length=64, dropout=0.0)
    return loading.from_config(made, TASK.head).eval()


def test_every_token_of_a_target_is_a_row_and_the_last_is_the_end(bytelevel):
    features = TASK.encode(ROWS, bytelevel, EncodingSpec())
    for ids, targets, places, count, text in zip(
        features["target_ids"], features["targets"], features["positions"], features["count"], ROWS["target"],
        strict=True,
    ):  # fmt: skip
        assert ids == targets == bytelevel(text)["input_ids"]
        assert ids[-1] == bytelevel.eos_token_id
        assert places == list(range(count)) == list(range(len(ids)))


@pytest.mark.parametrize("kind", ["translation", "summarization"])
def test_a_target_that_is_cut_does_not_teach_to_stop_there(bytelevel, kind):
    whole = bytelevel(ROWS["target"][1])["input_ids"]
    for room in (2, 5, len(whole) - 1):
        (_, ids) = task(kind).encode(ROWS, bytelevel, EncodingSpec(max_target_length=room))["target_ids"]
        assert ids == whole[:room]
        assert bytelevel.eos_token_id not in ids
    (_, ids) = task(kind).encode(ROWS, bytelevel, EncodingSpec(max_target_length=len(whole)))["target_ids"]
    assert ids[-1] == bytelevel.eos_token_id


def test_a_source_that_is_cut_still_ends_in_the_end_token(bytelevel):
    features = TASK.encode(ROWS, bytelevel, EncodingSpec(max_length=8))
    assert [len(ids) for ids in features["input_ids"]] == [8, 8]
    assert {ids[-1] for ids in features["input_ids"]} == {bytelevel.eos_token_id}


def test_the_row_of_a_token_is_what_the_decoder_says_after_the_tokens_before_it(model, bytelevel, batch):
    features = TASK.encode(ROWS, bytelevel, EncodingSpec())
    asked = batch(features, bytelevel.pad_token_id)
    with torch.no_grad():
        found, labels = TASK.align(outputs(model, asked).logits, asked, EncodingSpec())
        wanted = []
        for ids, target in zip(features["input_ids"], features["target_ids"], strict=True):
            shifted = [bytelevel.bos_token_id, *target[:-1]]  # by hand: the decoder sees what came before
            said = model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([shifted])).logits[0]
            wanted.append(said)
    assert torch.allclose(found, torch.cat(wanted), atol=1e-5)
    assert labels.tolist() == [token for target in features["target_ids"] for token in target]


def test_the_prompt_is_the_source_alone(bytelevel):
    prompt, features = TASK.prompt(ROWS, bytelevel, EncodingSpec()), TASK.encode(ROWS, bytelevel, EncodingSpec())
    assert prompt["input_ids"] == features["input_ids"]
    assert prompt["count"] == [0, 0]
    assert "target_ids" not in prompt


def test_a_batch_writes_the_tokens_that_each_text_gets_alone(model, bytelevel, batch):
    settings = {"num_beams": 1, "max_new_tokens": 12}
    prompt = TASK.prompt(ROWS, bytelevel, EncodingSpec())
    together = write(model, batch(prompt, bytelevel.pad_token_id), settings)
    for number, ids in enumerate(together):
        alone = {name: [values[number]] for name, values in prompt.items()}
        (wanted,) = write(model, batch(alone, bytelevel.pad_token_id), settings)
        assert ids.tolist() == wanted.tolist()


def test_what_is_written_is_text_without_special_tokens(bytelevel):
    ids = torch.tensor([[token] for token in [bytelevel.bos_token_id, *bytelevel(" à Berlin ")["input_ids"], 0, 0]])
    assert TASK.decode([ids.numpy()], {}, bytelevel, EncodingSpec()) == [{"target": "à Berlin"}]


@pytest.mark.parametrize("kind", ["translation", "summarization"])
@pytest.mark.parametrize(("column", "row"), [("source", ["x y", " "]), ("target", [None, "x y"])])
def test_an_empty_source_or_target_is_refused(kind, column, row):
    from datasets import Dataset

    rows = Dataset.from_dict({"source": ["a b", "c d"], "target": ["a b", "c d"], column: row})
    number = 1 + row.index(next(value for value in row if not (value or "").strip()))
    with pytest.raises(
        DataError, match=f"^row {number} of train in here has no {column}; data.on_bad=drop leaves it out$"
    ):
        take({"train": rows}, task(kind).roles, {}, "here")


def test_chinese_and_bytes_that_were_never_seen_come_back(batch):
    tokenizer = train_bytes(["这座塔是由工程师建造的。", "她搬到了首都。"], vocab_size=330, max_length=64)
    rows = {"source": ["这座塔", "🗼 Ω"], "target": ["首都在哪里。", "Zürich 🗼"], "key": [1, 2]}
    features = TASK.encode(rows, tokenizer, EncodingSpec())
    ids = [torch.tensor(each).unsqueeze(-1).numpy() for each in features["target_ids"]]
    assert [record["target"] for record in TASK.decode(ids, rows, tokenizer, EncodingSpec())] == rows["target"]


def test_sources_are_grouped_by_their_words():
    rows = {"source": ["a " * 9, "a " * 10, "a " * 30]}
    assert TASK.groups(rows) == ["1 to 9 words", "10 to 14 words", "30 words and more"]
    assert summarization.groups({"source": ["a " * 49, "a " * 200]}) == ["1 to 49 words", "200 words and more"]


def test_reading_changes_nothing_where_each_example_has_one_target():
    from datasets import Dataset

    splits = {"train": Dataset.from_dict({"source": ["a b"], "target": ["c d"]})}
    read = TASK.read(splits, Options({}))
    assert read.splits == splits
    assert read.notes == ()
    assert TASK.references(splits["train"][:], []) == [["c d"]]


@pytest.mark.parametrize("kind", ["translation", "summarization"])
def test_of_several_targets_the_first_is_learnt_and_all_are_right(kind, bytelevel):
    from datasets import Dataset

    several = [["the tower", "a tower", "the tower"], ["a village"]]
    rows = Dataset.from_dict({"source": ["la tour", "un village"], "targets": several})
    taken, notes, *_ = take({"train": rows}, task(kind).roles, {"target": "targets"}, "here")
    read = task(kind).read(taken, Options({}))
    assert (notes, read.notes) == (
        [], ("some examples have several targets: the first is learnt, and metrics compare with all",),
    )  # fmt: skip
    made = read.splits["train"][:]
    assert made["target"] == ["the tower", "a village"]
    assert task(kind).references(made, []) == several
    features = task(kind).encode({**made, "key": [1, 2]}, bytelevel, EncodingSpec())
    assert features["target_ids"] == [bytelevel(text)["input_ids"] for text in ("the tower", "a village")]


def test_a_column_of_lists_that_is_not_there_gives_way_to_the_target():
    from datasets import Dataset

    rows = Dataset.from_dict({"source": ["a b", "c d"], "target": ["e f", "g h"]})
    taken, notes, *_ = take({"train": rows}, TASK.roles, {"target": "targets"}, "here")
    assert taken["train"].to_dict() == rows.to_dict()
    assert notes == ["there is no column targets in here; target is taken as the target"]


@pytest.mark.parametrize(("row", "said"), [(["x", " "], "has an empty entry in targets"), ([], "has no targets")])
def test_an_example_without_a_reference_or_with_an_empty_one_is_refused(row, said):
    from datasets import Dataset

    rows = Dataset.from_dict({"source": ["a b", "c d"], "targets": [["a b"], row]})
    with pytest.raises(DataError, match=f"^row 2 of train in here {said}; data.on_bad=drop leaves it out$"):
        take({"train": rows}, TASK.roles, {"target": "targets"}, "here")


@pytest.mark.parametrize(("name", "role"), [("translation", "target"), ("dialogue", "reply")])
def test_half_a_character_at_the_end_of_what_was_cut_is_left_out(name, role):
    tokenizer = train_bytes(["une tour"], vocab_size=300, max_length=64)  # which reads Chinese byte by byte
    ids = tokenizer("北京", add_special_tokens=False)["input_ids"]
    written = [torch.tensor(ids[:-cut] if cut else ids).unsqueeze(-1).numpy() for cut in range(4)]
    said = [record[role] for record in task(name).decode(written, {}, tokenizer, EncodingSpec())]
    assert said == ["北京", "北", "北", "北"]

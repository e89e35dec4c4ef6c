import pytest
import torch
from datasets import Dataset
from transformers import BertConfig, BertForTokenClassification

from distill.base.terminal_text import shown
from distill.models import loading
from distill.models.tokenizer_training import train_wordpiece
from distill.tasks import EncodingSpec, Options, task
from distill.tasks.relation_extraction import MARKERS

TASK = task("relation_extraction")
TEXT = "The <e1>tower</e1> of Paris was built by <e2>engineers</e2> in 1889"
CHINESE = "这座<e1>塔</e1>是由<e2>工程师</e2>建造的"


def marked(folder, tokenizer):
    """The tokenizer as a run reads it from a folder."""
    tokenizer.save_pretrained(folder)
    return loading.load_tokenizer(folder, MARKERS)


@pytest.fixture(scope="module")
def uncased(tmp_path_factory, wordpiece):
    return marked(tmp_path_factory.mktemp("uncased"), wordpiece)


@pytest.fixture(scope="module")
def capitals(tmp_path_factory, cased):
    return marked(tmp_path_factory.mktemp("capitals"), cased)


def read(*texts):
    rows = Dataset.from_dict({"text": list(texts), "label": ["a(e1,e2)", "b(e2,e1)"] * (len(texts) // 2)})
    return TASK.read({"train": rows}, Options({}))


@pytest.mark.parametrize("kind", ["uncased", "capitals"])
def test_each_mark_is_one_token_of_its_own_whatever_stands_beside_it(request, kind):
    tokenizer = request.getfixturevalue(kind)
    ids = tokenizer.convert_tokens_to_ids(list(MARKERS))
    assert len(set(ids)) == 4
    assert tokenizer.unk_token_id not in ids
    for text in (TEXT, TEXT.replace(" ", "  "), "The<e1>tower</e1>of<e2>Paris</e2>."):
        found = tokenizer(text)["input_ids"]
        assert [token for token in found if token in ids] == ids


def test_marks_survive_saving_and_loading_again(uncased, tmp_path):
    again = marked(tmp_path, uncased)
    assert len(again) == len(uncased)
    assert again(TEXT)["input_ids"] == uncased(TEXT)["input_ids"]


def test_the_positions_are_those_of_the_opening_marks(uncased):
    features = TASK.encode(
        {"text": [TEXT, CHINESE], "key": [1, 2], "label": [0, 1]}, uncased, EncodingSpec(max_length=64)
    )
    opening = uncased.convert_tokens_to_ids(["<e1>", "<e2>"])
    for ids, places in zip(features["input_ids"], features["positions"], strict=True):
        assert [ids[place] for place in places[0]] == opening
    assert features["targets"] == [[0], [1]]


@pytest.mark.parametrize("max_length", [24, 32, 40])
@pytest.mark.parametrize("before", [0, 3, 200])
@pytest.mark.parametrize("after", [0, 3, 200])
def test_a_long_text_is_cut_around_its_entities(uncased, max_length, before, after):
    text = "she moved " * before + "the <e1>tower</e1> of <e2>Paris</e2> " + "was built " * after
    features = TASK.encode({"text": [text], "key": [1]}, uncased, EncodingSpec(max_length=max_length))
    (ids,), whole = features["input_ids"], uncased(text)["input_ids"]
    assert len(ids) <= max_length
    assert [token for token in ids if token in uncased.convert_tokens_to_ids(list(MARKERS))] == (
        uncased.convert_tokens_to_ids(list(MARKERS))
    )
    if len(whole) <= max_length:
        assert ids == whole
    elif before and after:
        (first, second) = features["positions"][0][0]
        assert first > 1  # words are left on both sides
        assert second < len(ids) - 6


def test_a_text_without_spaces_is_cut_around_its_entities_too(tmp_path):
    text = "这座塔是由工程师建造的" * 20 + CHINESE + "这座塔是由工程师建造的" * 20
    plain = train_wordpiece(["这座塔是由工程师建造的"], vocab_size=100, max_length=64)
    tokenizer = marked(tmp_path, plain)
    features = TASK.encode({"text": [text], "key": [1]}, tokenizer, EncodingSpec(max_length=32))
    (ids,) = features["input_ids"]
    assert 24 < len(ids) <= 32
    assert set(tokenizer.convert_tokens_to_ids(list(MARKERS))) <= set(ids)


@pytest.mark.parametrize("max_length", [20, 33, 64])
@pytest.mark.parametrize("before", [0, 1, 40])
@pytest.mark.parametrize("after", [0, 1, 40])
def test_of_entities_too_far_apart_the_nearest_words_on_all_sides_are_kept(uncased, max_length, before, after):
    text = "s " * before + "<e1>tower</e1> " + "t " * 99 + "b " * 99 + "<e2>Paris</e2>" + " n" * after
    (ids,) = TASK.encode({"text": [text], "key": [1]}, uncased, EncodingSpec(max_length=max_length))["input_ids"]
    assert len(ids) == max_length
    found = [token for token in uncased.convert_ids_to_tokens(ids) if token in ("s", "t", "b", "n", *MARKERS)]
    assert [token for token in found if token in MARKERS] == list(MARKERS)
    assert found == sorted(found, key=["s", "<e1>", "</e1>", "t", "b", "<e2>", "</e2>", "n"].index)
    full = [found.count(side) for side, there in zip("stbn", (before, 99, 99, after), strict=True) if there > 1]
    assert max(full) - min(full) <= 1
    assert found.count("s") == before or before > 1
    assert found.count("n") == after or after > 1


@pytest.mark.parametrize("text", ["<e1>x {0}<e2>y</e2> {0}</e1>", "<e1>x {0}<e2>y {0}</e1> z</e2>"])
def test_an_entity_within_or_over_another_keeps_its_words(uncased, refused, text):
    few, many = text.format("t " * 4), text.format("t " * 20)
    (ids,) = TASK.encode({"text": ["n " * 40 + few], "key": [1]}, uncased, EncodingSpec(max_length=24))["input_ids"]
    assert uncased.convert_ids_to_tokens(ids).count("t") == 8
    with refused(f"data.max_length=24 has no room for both entities of: {shown(many)}"):
        TASK.encode({"text": [many], "key": [1]}, uncased, EncodingSpec(max_length=24))


def test_a_long_text_is_not_read_word_by_word(uncased, monkeypatch):
    calls, call = [], type(uncased).__call__
    monkeypatch.setattr(
        type(uncased), "__call__", lambda self, *given, **named: calls.append(1) or call(self, *given, **named)
    )
    text = "s " * 3000 + "<e1>tower</e1> " + "t " * 3000 + "<e2>Paris</e2>" + " n" * 3000
    TASK.encode({"text": [text], "key": [1]}, uncased, EncodingSpec(max_length=512))
    assert len(calls) < 30


@pytest.mark.parametrize("last", ["<e2>Paris " + "was built " * 20 + "</e2>", "<e2>" + "東" * 30 + "</e2>"])
def test_an_entity_whose_end_would_be_cut_off_is_refused(uncased, refused, last):
    text = f"<e1>tower</e1> of {last}"
    with refused(f"data.max_length=24 has no room for both entities of: {shown(text)}"):
        TASK.encode({"text": [text], "key": [1]}, uncased, EncodingSpec(max_length=24))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("the <e1>tower</e1> of Paris", "has <e2> 0 times, not once"),
        ("<e1>a</e1> <e1>b</e1> <e2>c</e2>", "has <e1> 2 times, not once"),
        ("<e1>a <e2>c</e2>", "has </e1> 0 times, not once"),
        ("</e1>a<e1> <e2>c</e2>", "closes an entity before it opens it"),
        ("<e1>a</e1> </e2>c<e2>", "closes an entity before it opens it"),
        ("<e1></e1> of <e2>c</e2>", "has an entity without words"),
        ("<e1>a</e1> of <e2> </e2>", "has an entity without words"),
    ],
)
def test_marks_that_are_missing_double_or_badly_ordered_are_refused(refused, bad, said):
    with refused(f"row 2 of train {said}: {bad!r}; data.on_bad=drop leaves it out"):
        read(TEXT, bad)


@pytest.mark.parametrize("text", ["[E1] tower [/E1] of [E2] Paris [/E2]", "[[ tower ]] of << Paris >>", "@GENE$ of x"])
def test_other_marks_are_refused_with_those_that_are_read(refused, text):
    with refused(
        f"row 2 of train has <e1> 0 times, not once: {text!r}; data.on_bad=drop leaves it out; marks are written as "
        "<e1>…</e1> around one entity and <e2>…</e2> around the other"
    ):
        read(TEXT, text)


def test_the_second_entity_may_stand_first():
    assert read(TEXT, "<e2>c</e2> and <e1>a</e1>").labels == ("a(e1,e2)", "b(e2,e1)")


def test_the_head_reads_both_entity_starts_as_one_linear_layer_would(uncased, batch):
    labels = ("a(e1,e2)", "b(e2,e1)", "Other")
    assert TASK.outputs(labels) == [*(f"{each} <e1>" for each in labels), *(f"{each} <e2>" for each in labels)]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(uncased), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64, num_labels=6,
    )  # fmt: skip
    model = BertForTokenClassification(config).eval()
    form = EncodingSpec(labels, max_length=64)
    texts = [TEXT, "<e2>Paris</e2> rejected the <e1>proposal</e1>"]
    features = TASK.encode({"text": texts, "key": [1, 2], "label": [2, 0]}, uncased, form)
    asked = batch(features, uncased.pad_token_id)
    inputs = {name: asked[name] for name in ("input_ids", "attention_mask", "token_type_ids") if name in asked}
    with torch.no_grad():
        found, gold = TASK.align(model(**inputs).logits, asked, form)
        states = model.bert(**inputs).last_hidden_state
        weight = torch.cat([model.classifier.weight[:3], model.classifier.weight[3:]], dim=1)
        bias = model.classifier.bias[:3] + model.classifier.bias[3:]
        for row, ids in enumerate(asked["input_ids"].tolist()):
            one, other = (ids.index(mark) for mark in uncased.convert_tokens_to_ids(["<e1>", "<e2>"]))
            wanted = weight @ torch.cat([states[row, one], states[row, other]]) + bias
            assert torch.allclose(found[row], wanted, atol=1e-5)
    assert gold.tolist() == [2, 0]

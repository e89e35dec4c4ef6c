import re

import pytest
import torch

from distill.errors import StoreError
from distill.teacher_store import LogitsWriter, TeacherStore, stored_keys

KEYS = torch.randperm(50, generator=torch.Generator().manual_seed(0)) * 10**15
LOGITS = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))


def written(folder, *, rows_per_part=8, ranks=2):
    for rank in range(ranks):
        writer = LogitsWriter(folder, "teacher-a", rank, rows_per_part)
        for start in range(0, 50, 5):
            mine = slice(start + rank, start + 5, ranks)
            writer.add(KEYS[mine], LOGITS[mine])
        writer.flush()
    return TeacherStore(folder, "teacher-a")


def test_rows_are_found_by_key_in_any_order_and_from_any_part(tmp_path):
    store = written(tmp_path)
    assert len(store) == 50
    assert len(list(tmp_path.glob("part-*"))) > 4
    order = torch.randperm(50, generator=torch.Generator().manual_seed(2))
    assert torch.equal(store.logits(KEYS[order]), LOGITS[order])
    assert torch.equal(store({"key": KEYS[[7, 7, 3]]}).logits, LOGITS[[7, 7, 3]])


def test_a_text_that_the_teacher_never_saw_is_refused(tmp_path):
    message = (
        f"{tmp_path} has no teacher output for 1 of 2 examples: "
        "their text changed since the teacher saw it; run the teach stage again"
    )
    with pytest.raises(StoreError, match=re.escape(message)):
        written(tmp_path).logits(torch.stack([KEYS[0], torch.tensor(-5)]))


def test_outputs_of_another_teacher_are_refused(tmp_path):
    written(tmp_path)
    message = f"{tmp_path / 'part-0-0.safetensors'} holds outputs of another teacher, tokenizer or length limit"
    with pytest.raises(StoreError, match=re.escape(message)):
        TeacherStore(tmp_path, "teacher-b")


def test_a_folder_without_outputs_is_refused(tmp_path):
    with pytest.raises(StoreError, match=re.escape(f"{tmp_path} holds no teacher outputs; run the teach stage")):
        TeacherStore(tmp_path, "teacher-a")


def test_an_interrupted_pass_knows_what_it_has_and_adds_the_rest(tmp_path):
    writer = LogitsWriter(tmp_path, "teacher-a", 0, rows_per_part=10)
    writer.add(KEYS[:30], LOGITS[:30])
    writer.add(KEYS[30:34], LOGITS[30:34])  # not flushed: lost with the process
    assert torch.equal(stored_keys(tmp_path, "teacher-a"), KEYS[:30])
    again = LogitsWriter(tmp_path, "teacher-a", 0, rows_per_part=10)
    again.add(KEYS[30:], LOGITS[30:])
    again.flush()
    assert torch.equal(TeacherStore(tmp_path, "teacher-a").logits(KEYS), LOGITS)


def test_a_part_that_was_being_written_does_not_count(tmp_path):
    (tmp_path / "part-0-0.writing").write_bytes(b"half")
    assert len(stored_keys(tmp_path, "teacher-a")) == 0


def test_half_precision_outputs_are_kept_as_floats(tmp_path):
    writer = LogitsWriter(tmp_path, "teacher-a")
    writer.add(KEYS[:2], LOGITS[:2].bfloat16())
    writer.flush()
    assert TeacherStore(tmp_path, "teacher-a").logits(KEYS[:2]).dtype == torch.float32

import torch

from distill.teacher.by_text import TeacherByText
from distill.types import Outputs


def answering(value):
    """A teacher that says the same of each row, and knows places alone."""

    def answer(batch):
        return Outputs(torch.full((int(batch["count"].sum()), 2), value), mask=batch.get("attention_mask"))

    return answer


def test_another_teacher_answers_the_rows_of_its_texts_alone():
    batch = {"key": torch.tensor([7, 8, 7]), "first": torch.tensor([0, 0, 2]), "count": torch.tensor([2, 1, 1])}
    batch["attention_mask"] = torch.ones(3, 4)
    said = TeacherByText(answering(1.0), answering(2.0), torch.tensor([7]))(batch)
    assert said.logits[:, 0].tolist() == [2.0, 2.0, 1.0, 2.0]
    assert said.mask is batch["attention_mask"], "all else is the usual teacher's"
    assert TeacherByText(answering(1.0), answering(2.0), torch.tensor([9]))(batch).logits.unique().tolist() == [1.0]

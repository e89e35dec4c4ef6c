"""Write an input of the task and what the exported student answers, by which a user sees that a bundle works."""

import json
from collections.abc import Mapping
from pathlib import Path

from distill.base.disk import replacing
from distill.inference.predictor import Predictor

FILE = "example.json"


def write(bundle: Path, row: Mapping[str, object]) -> None:
    """Write ``input`` and ``output``, as ``distill.predict`` gives it with PyTorch.

    Args:
        bundle: holds the student's Hugging Face folder at its root.
        row: the task's inputs; what else it has is left out.
    """
    predictor = Predictor.load(bundle, format="torch")
    inputs = {role: row[role] for role in predictor.task.inputs}
    (answer,) = predictor.answer_rows([inputs])
    with replacing(bundle / FILE) as hidden:
        content = {"input": inputs, "output": answer}
        hidden.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")

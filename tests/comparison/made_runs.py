"""Folders of finished runs, as runs leave them, with numbers of the test's choice."""

import json

import yaml

TEACHER = 0.9


def report(student=0.8, control=0.7, *, seed=1, task="classification", data="2e2610b080ab", schema=1, name="tiny"):
    """The content of a report.json: teacher, student and control on test."""

    def model(role, accuracy, size, latency):
        scores = {"accuracy": accuracy, "f1": accuracy}
        return {
            "role": role,
            "parameters": size // 4,
            "bytes": size,
            "metrics": {"test": scores},
            "latency_ms": {"p50": latency},
        }

    gain = {"metric": "accuracy", "mode": "max", "split": "test", "confidence": 0.95}
    return {
        "schema": schema,
        "name": name,
        "command": f"python -m distill.run seed={seed}",
        "task": task,
        "seed": seed,
        "data": {"name": "sample", "fingerprint": data, "rows": {"test": 100}, "labels": ["no", "yes"]},
        "stages": [],
        "models": {
            "teacher": model("teacher", TEACHER, 4_000_000, 8.0),
            "student": model("student", student, 1_000_000, 2.0),
            "control": model("control", control, 1_000_000, 2.0),
        },
        "gain": {
            **gain,
            "difference": student - control,
            "interval": [student - control - 0.02, student - control + 0.02],
        },
        "against_teacher": {"student": {**gain, "difference": student - TEACHER, "interval": [-0.2, 0.0]}},
    }


def made(folder, *, temperature=2.0, seed=1, curve=(0.5, 0.6), settings=None, test_rows=None, **of_report):
    """Write the folder of a run, and return it."""
    folder.mkdir(parents=True)
    content = report(seed=seed, **of_report)
    if test_rows:
        stage = folder / "store" / "evaluate-000000000000"
        stage.mkdir(parents=True)
        settings_of_stage = {"examples": {"validation": "v", "test": test_rows}}
        (stage / "manifest.json").write_text(json.dumps({"settings": settings_of_stage}), encoding="utf-8")
        content["stages"] = [{"name": "evaluate", "folder": "store/evaluate-000000000000"}]
    (folder / "report.json").write_text(json.dumps(content), encoding="utf-8")
    config = {"name": "tiny", "seed": seed, "store": f"{folder}/store", "distill": {"temperature": temperature}}
    (folder / "config.yaml").write_text(yaml.safe_dump({**config, **(settings or {})}), encoding="utf-8")
    rows = [f"distill,{step},validation/accuracy,{value}" for step, value in enumerate(curve)]
    (folder / "metrics.csv").write_text("\n".join(["stage,step,name,value", *rows]) + "\n", encoding="utf-8")
    return folder

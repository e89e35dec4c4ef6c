"""The table of the README: every data set with its students, three seeds each, and one comparison of all.

    python tests/benchmarks/results_table.py ../shared/data FOLDER [stsb trec/narrow ...]

FOLDER holds MiniLM-L6. What is named after it is the beginning of what is run, a data set or a student of it; without a
name it is everything, hours. Of the data of MiniLM a part of train has its labels, and teacher and control learn from
those; the rest are texts that the student learns from the teacher alone; student and control keep their best epoch on
validation. Train is as it is published. Each row is one ``distill.run`` with ``seeds=[1,2,3]``, as anyone would make
it, in one store, so that what was begun is gone on with; its command is printed, and the table is what
``distill.compare --markdown`` makes of all rows that are finished.
"""

import shlex
import subprocess
import sys
from pathlib import Path

OUT = Path("outputs") / "results_table"
COMMON = (
    "seeds=[1,2,3]", "tracking.wandb=disabled", "export.formats=[huggingface]", "data.near_duplicates=say",
)  # fmt: skip
MINILM = (
    "teacher=minilm", "data.unlabelled.rest=true", "distill.unlabelled.compare=false", "finetune.max_epochs=5",
    "finetune.optimizer.lr=1e-4", "distill.optimizer.lr=null", "distill.early_stopping.patience=8",
    "student.embedding_rank=null",
)  # fmt: skip
DATA = {
    "trec": (*MINILM, "experiment=trec_tiny", "data.limit.train=1000"),
    "sst2": (*MINILM, "experiment=sst2_minilm", "data.limit.train=500", "data.unlabelled.limit=4000"),
    "mrpc": (
        *MINILM, "experiment=mrpc_tiny", "data.limit.train=1000", "data.unlabelled.limit=2000", "finetune.dropout=0.1",
        "finetune.optimizer.lr=5e-5", "finetune.early_stopping.patience=3",
    ),
    "conll2003": (
        *MINILM, "experiment=conll2003_tiny", "data.limit.train=1404", "data.limit.validation=500",
        "data.limit.test=1500", "data.unlabelled.limit=3000",
    ),
    "stsb": (
        *MINILM, "experiment=stsb_tiny", "data.limit.train=1000", "data.limit.validation=500",
        "data.unlabelled.limit=3000",
    ),
    "semeval": (
        *MINILM, "experiment=semeval_tiny", "data.limit.train=1500", "data.limit.validation=300",
        "data.limit.test=1000", "data.unlabelled.limit=2000",
    ),
    "multi30k": (
        "experiment=multi30k_tiny", "student=scratch_tiny", "data.batch_size=32", "data.limit.train=6000",
        "data.limit.test=500", "finetune.max_epochs=6", "distill.max_epochs=6",
    ),
    "dailydialog": (
        "experiment=dailydialog_tiny", "data.limit.train=5000", "data.limit.validation=500", "data.limit.test=1000",
        "finetune.max_epochs=3", "finetune.optimizer.lr=2e-3", "distill.max_epochs=3",
    ),
    "squad": (
        *MINILM, "experiment=squad_tiny", "data.limit.train=1000", "data.limit.validation=300", "data.max_length=192",
        "data.stride=48", "data.unlabelled.limit=500", "distill.hidden.weight=1",
    ),
}  # fmt: skip
FOLDERS = {"semeval": "semeval2010_task8", "multi30k": "multi30k_de_en"}
STUDENTS = {"half_layers": "distill.max_epochs=3", "narrow": "distill.max_epochs=5"}


def main(data: str, folder: str, *names: str) -> None:
    """Run what is missing, and print the table of all that is finished."""
    for student, epochs in STUDENTS.items():
        for name, settings in DATA.items():
            of_minilm = MINILM[0] in settings
            row = f"{name}/{student}" if of_minilm else name
            if student == "half_layers" or of_minilm:
                given = [*settings, f"data.path={data}/{FOLDERS.get(name, name)}", *COMMON]
                given += [f"teacher.model={folder}", f"student={student}", epochs] if of_minilm else []
                if any(f"{row}/".startswith(f"{asked}/") for asked in names or (name,)):
                    _run(OUT / row, given)
    finished = sorted(str(report.parent) for report in OUT.rglob("report.json"))
    subprocess.run([sys.executable, "-m", "distill.compare", *finished, "--markdown"], check=True)


def _run(folder: Path, settings: list[str]) -> None:
    """Train a row, unless it is finished, and say by which command."""
    command = ["-m", "distill.run", *settings]
    sys.stdout.write(f"python {shlex.join(command)}\n")
    sys.stdout.flush()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "report.json").exists():
        with (folder / "log").open("w") as log:
            into = f"hydra.run.dir={folder}"
            subprocess.run([sys.executable, *command, into], check=True, stdout=log, stderr=subprocess.STDOUT)


if __name__ == "__main__":
    main(*sys.argv[1:])

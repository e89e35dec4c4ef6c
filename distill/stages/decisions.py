"""What is decided of a run once, before its first stage."""

from dataclasses import dataclass

from distill.stages.learner import Learner
from distill.student.build import StudentSpec
from distill.teacher.output_plan import TeacherOutputPlan

_UNDECIDED = TeacherOutputPlan("nothing is decided yet")


@dataclass(frozen=True)
class ScoredModel:
    """A model that a run compares with others.

    Attributes:
        name: its name in the report.
        role: ``teacher``, ``student``, ``control``, ``without_unlabelled``, ``beside``, ``baseline`` or ``export``:
            what the report makes of it. Of several teachers, the first is their ensemble.
        source: the input that holds it; none for the ensemble of several teachers, for a file of answers, and for a
            baseline.
    """

    name: str
    role: str
    source: str | None


@dataclass(frozen=True)
class Decisions:
    """Decisions that follow from settings, checkpoints and data, made once, before the first stage.

    Attributes:
        base: the input that holds the teacher before it learnt the task.
        teacher: the input that holds the teacher.
        student_source: the input that the student starts from; for a random one, only its tokenizer.
        student: what the student is made of.
        compared: the models that are compared, in the order of the report.
        exported: the formats of the student, in the order of their table, which the stage that makes them compares.
        outputs: whether the teacher's outputs are stored, and which; decided once the checkpoints were looked at.
        learners: the students that are distilled, in the order of their stages.
    """

    base: str
    teacher: str
    student_source: str
    student: StudentSpec
    compared: tuple[ScoredModel, ...]
    exported: tuple[ScoredModel, ...] = ()
    outputs: TeacherOutputPlan = _UNDECIDED
    learners: tuple[Learner, ...] = (Learner(),)

    def of_role(self, role: str) -> list[ScoredModel]:
        """Return the compared models of a role, in the order of the report."""
        return [model for model in self.compared if model.role == role]

    def first_of(self, role: str) -> str | None:
        """Return the name of the first compared model of a role, which is the ensemble of several teachers; or none."""
        return next((model.name for model in self.of_role(role)), None)

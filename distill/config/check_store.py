"""Can what is to be stored of the teacher be stored, and does the objective find in it what it reads?"""

from collections.abc import Iterator

from distill.config.schema import Config, TeacherConfig
from distill.objective.declaration import BEYOND_LOGITS
from distill.objective.settings import active, reads, unstorable
from distill.objective.specs import TERM_SPECS

_READ_WHERE = {"store_limit_gb": ("store", "auto"), "top_k": ("keep", "top_k"), "samples": ("keep", "sampled")}
"""Settings that one value of another alone reads."""


def stored(config: Config) -> Iterator[str]:
    """Name each problem of what is stored of the teacher."""
    teacher, section, left = config.teacher, config.distill, TeacherConfig()
    if teacher.store == "always":
        for name in unstorable(section):
            unread = BEYOND_LOGITS[reads(section, name)]
            yield f"teacher.store=always: distill.{name} reads {unread}, which are not stored; allowed is auto or never"
    for key, (other, read) in _READ_WHERE.items():
        value, default, given = getattr(teacher, key), getattr(left, key), getattr(teacher, other)
        if value != default and given != read:
            yield f"teacher.{key}={value}: is not read where teacher.{other}={given}; allowed is {default}"
    if teacher.store == "never" and teacher.keep == "top_k" and teacher.top_k != left.top_k:
        yield f"teacher.top_k={teacher.top_k}: is not read where teacher.store=never; allowed is {left.top_k}"
    if teacher.keep != "sampled":
        return
    if teacher.store != "always":
        yield f"teacher.keep=sampled: is of what is stored; teacher.store={teacher.store}, allowed is always"
    able = ", ".join(name for name, spec in TERM_SPECS.items() if spec.sampled)
    for name, term in active(section).items():
        if not TERM_SPECS[name].sampled and reads(section, name) == "logits":
            yield (
                f"distill.{name}.weight={term.weight}: cannot be computed from sampled tokens, only {able} can; "
                "allowed is 0, or teacher.keep=top_k"
            )

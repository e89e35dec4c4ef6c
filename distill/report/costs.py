"""Say what each stage took: time, memory and energy, as far as the machine told them, and when it was made."""

from typing import NamedTuple

from distill.report import ABSENT, JsonObject, Report, duration, known, number, size

_HOUR = 3600.0
_KINDS = ("processor", "graphics card")


class StageCost(NamedTuple):
    """What a stage took when it was made; a stage that was reused says so under ``status``."""

    name: str
    status: str
    badge: str
    time: str
    memory: str
    device_memory: str
    energy: str
    folder: str


class Costs(NamedTuple):
    """The stages of a run; a column that no stage has anything for is left out, and ``notes`` say why."""

    stages: list[StageCost]
    has_device: bool
    has_energy: bool
    notes: list[str]


def costs(report: Report) -> Costs | None:
    """Return the table of stages, or none without any."""
    entries: list[JsonObject] = list(report.get("stages") or ())
    if not entries:
        return None
    rows = [_row(entry) for entry in entries]
    made = [entry.get("made") or {} for entry in entries]
    has_energy, has_device = (
        any(each.get(key) for each in made) for key in ("energy_joules", "peak_device_memory_bytes")
    )
    return Costs(rows, has_device, has_energy, list(_notes(made, entries, has_energy=has_energy)))


def energy(joules: JsonObject | None) -> str:
    """Return an amount of energy as a person would say it.

    >>> energy({"processor": 5400.0}), energy({"processor": 90.0, "graphics card": 7.2e6})
    ('1.5 Wh', '0.025 Wh processor, 2.00 kWh graphics card')
    """
    if not joules:
        return ABSENT
    texts = {kind: _watt_hours(amount / _HOUR) for kind, amount in joules.items() if known(amount)}
    if set(texts) <= {_KINDS[0]}:
        return next(iter(texts.values()), ABSENT)
    return ", ".join(f"{text} {kind}" for kind, text in texts.items())


def _watt_hours(amount: float) -> str:
    if amount >= 1000:
        return f"{number(amount / 1000, 2)} kWh"
    return f"{number(amount, 1 if amount >= 1 else 3)} Wh"


def _row(entry: JsonObject) -> StageCost:
    made, status = entry.get("made") or {}, entry["status"]
    seconds = made.get("seconds", entry["seconds"] if status != "reused" else None)
    said = status
    if status == "reused":
        said = "reused: made by an earlier run" if made else "reused"
    if made.get("resumed"):
        said += ", from where it was interrupted"
    return StageCost(
        entry["name"],
        said,
        status,
        duration(seconds),
        size(made.get("peak_memory_bytes")),
        size(made.get("peak_device_memory_bytes")),
        energy(made.get("energy_joules")),
        entry["folder"],
    )


def _notes(made: list[JsonObject], entries: list[JsonObject], *, has_energy: bool) -> list[str]:
    notes = []
    if any(entry["status"] == "reused" for entry in entries):
        notes.append("A reused stage took no time in this run; what stands beside it is what it took when it was made.")
    if any(each.get("resumed") for each in made):
        notes.append("Of a stage that was interrupted, only what came after the interruption is counted.")
    if any(known(each.get("peak_memory_bytes")) for each in made):
        notes.append("Memory is the peak of the run's first process, without others that it started.")
    if has_energy:
        notes.append("Energy is that of the whole machine, whoever used it, by RAPL of processors and NVML of cards.")
    elif any("energy_joules" in each for each in made):
        notes.append("This machine does not tell how much energy it takes (no counter of RAPL or NVML can be read).")
    return notes

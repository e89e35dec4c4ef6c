"""What a part of a run takes is read from counters, and nothing is made up where there are none."""

import time

import pytest

from distill.base import energy
from distill.base.energy import EnergyMeter, RaplCounter, nvml, rapl
from distill.base.resources import ResourceMeter


def zone(root, name, called, microjoules, most=1_000_000_000):
    folder = root / name
    folder.mkdir()
    for file, content in (("name", called), ("energy_uj", microjoules), ("max_energy_range_uj", most)):
        (folder / file).write_text(f"{content}\n")
    return folder


class Cards:
    """The functions of NVML that are asked, of cards with so many millijoules; none of a card that does not count."""

    def __init__(self, *millijoules, broken=False):
        self.millijoules, self.broken = list(millijoules), broken

    def nvmlInit_v2(self):  # noqa: N802 - names of C
        return 9 if self.broken else 0

    def nvmlDeviceGetCount_v2(self, count):  # noqa: N802
        count._obj.value = len(self.millijoules)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, number, handle):  # noqa: N802
        handle._obj.value = number + 1
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle, found):  # noqa: N802
        amount = self.millijoules[handle.value - 1]
        if amount is None:
            return 3
        found._obj.value = amount
        return 0


def test_processors_and_memory_are_summed_and_cores_are_not(tmp_path):
    for name, called in (("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:0:1", "dram")):
        zone(tmp_path, name, called, 5_000_000)
    with EnergyMeter(rapl(tmp_path)) as meter:
        for name in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1"):
            (tmp_path / name / "energy_uj").write_text("7500000\n")
    assert meter.joules == {"processor": 5.0}


def test_a_counter_that_began_again_is_read_beyond_its_end(tmp_path):
    counter = RaplCounter(zone(tmp_path, "intel-rapl:0", "package-0", 900_000_000))
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("100000000")
    assert counter.joules() == pytest.approx(200)


def test_a_thread_reads_before_a_counter_can_begin_again_twice(tmp_path):
    folder = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    with EnergyMeter(rapl(tmp_path), every=0.01) as meter:
        for amount, total in ((900_000_000, 900), (800_000_000, 1800)):
            (tmp_path / "next").write_text(str(amount))
            (tmp_path / "next").rename(folder / "energy_uj")  # a counter is never empty, as a file that is written is
            end = time.monotonic() + 20
            while meter.joules.get("processor", 0) < total and time.monotonic() < end:
                time.sleep(0.005)
    assert meter.joules["processor"] == pytest.approx(1800)


def test_what_cannot_be_read_is_no_counter(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", "not a number")
    (tmp_path / "intel-rapl:1").mkdir()
    assert rapl(tmp_path) == rapl(tmp_path / "nowhere") == nvml(Cards(5, broken=True)) == nvml(object()) == []


def test_a_counter_that_fails_in_the_middle_leaves_no_half_a_sum(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    second = zone(tmp_path, "intel-rapl:1", "package-1", 0)
    with EnergyMeter(rapl(tmp_path)) as meter:
        (second / "energy_uj").unlink()
    assert meter.joules == {}


def test_cards_are_summed_and_one_that_does_not_count_is_left_out():
    cards = Cards(1000, None, 3000)
    with EnergyMeter(nvml(cards)) as meter:
        cards.millijoules = [2500, None, 3500]
    assert meter.joules == {"graphics card": 2.0}


def test_memory_is_the_peak_of_the_block_alone(monkeypatch):
    monkeypatch.setattr(energy, "counters", list)
    with ResourceMeter() as meter:
        block = bytearray(150_000_000)
        del block
    with ResourceMeter() as after:
        pass
    measured, small = meter.measured(), after.measured()
    assert measured["energy_joules"] is None
    if measured["peak_memory_bytes"] is None:
        pytest.skip("this system does not tell the peak of a process's memory")
    assert measured["peak_memory_bytes"] > small["peak_memory_bytes"] + 100_000_000
    assert after.seconds < 1

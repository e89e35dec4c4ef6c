"""A trainer leaves signals to whoever runs it: its own handler lets ranks wait for each other for ever."""

import signal

import pytorch_lightning as pl
from any_devices import Way, train


class Handlers(pl.Callback):
    """Notes who heeds SIGTERM before the first callback that the project itself has a say in."""

    def __init__(self):
        self.found = []

    def setup(self, trainer, *_):
        self.found.append(signal.getsignal(signal.SIGTERM))
        trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor()  # which asks other ranks, and waits for the device

    def on_fit_end(self, *_):
        self.found.append(signal.getsignal(signal.SIGTERM))


def test_a_fit_leaves_the_handler_of_sigterm_as_it_was_from_its_start_to_its_end(tmp_path):
    before, noted = signal.getsignal(signal.SIGTERM), Handlers()
    train(tmp_path, Way(), epochs=1, more=[noted])
    assert noted.found == [before, before]
    assert signal.getsignal(signal.SIGTERM) is before

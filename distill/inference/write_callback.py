"""What a pass of a finished model answers, sent to disk batch by batch."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from distill.base import signals
from distill.inference.output_store import OutputWriter
from distill.inference.prediction_modules import Answer


class WriteOutputs(Callback):
    """Sends each predicted batch to disk instead of keeping it in memory."""

    def __init__(self, writer: OutputWriter) -> None:
        """Write with ``writer``."""
        self.writer = writer

    def on_predict_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Have signals set their flag alone."""
        signals.ours_again()

    def on_predict_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Answer, *_: object
    ) -> None:
        """Take a batch; after a signal, write what is there and end."""
        self.writer.add(*outputs)
        if signals.pending():
            self.writer.flush()
            signals.check()

    def on_predict_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write what is left."""
        self.writer.flush()

"""The server of a finished model: requests over HTTP in, answers out, in batches of what waits.

A request is read within limits (``protocol``, ``gate``), checked against what the task takes (``schemas``), and waits
with others (``worker``) until those of similar lengths are answered together (``packing``), in a thread of its own.
Nothing here imports torch: a predictor is whatever encodes, asks and decodes.
"""

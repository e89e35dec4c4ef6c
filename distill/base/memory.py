"""Know the errors by which Python and its libraries say that there is not enough memory."""

_SAID = ("allocate memory", "out of memory")
"""What they have in common: torch says the first on a CPU, and the second of a GPU."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that there is not enough memory.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory")), is_out_of_memory(ValueError())
    (True, False)
    """
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(word in str(error) for word in _SAID)

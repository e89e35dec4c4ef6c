"""Students that fit a budget on this machine: listed, counted, timed, ranked, and written as cards."""

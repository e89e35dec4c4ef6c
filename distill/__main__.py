"""``distill experiment=sst2_tiny``, as ``python -m distill.run`` does it."""

from distill import starting


def main() -> None:
    """Run the command line, which signals end from its first moment."""
    starting.heed(starting.GOES_ON)
    from distill import run

    run.main()


if __name__ == "__main__":
    main()

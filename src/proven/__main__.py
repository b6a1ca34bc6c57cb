"""`python -m proven` is the `proven` command."""

import signal
import sys


def run() -> None:
    """Run the command line. Ctrl-C ends it quietly, also while it is being loaded."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    from proven.cli import main

    signal.signal(signal.SIGINT, handler)
    main(prog_name="proven")


def _end(*_: object) -> None:
    sys.exit(130)


if __name__ == "__main__":
    run()

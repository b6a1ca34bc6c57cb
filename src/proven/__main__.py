"""`python -m proven` is the `proven` command."""

from proven._loading import loading


def run() -> None:
    """Run the command line. Ctrl-C ends it quietly, also while it is being loaded."""
    with loading():
        from proven.cli import main

    main(prog_name="proven")


if __name__ == "__main__":
    run()

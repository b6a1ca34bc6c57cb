"""`python -m proven` is the `proven` command."""

from proven.cli import main

main(prog_name="proven")

"""Numbers on the command line, called what people call them."""

from __future__ import annotations

import click


class Whole(click.IntRange):
    """A whole number within bounds."""

    name = "whole number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """What help shows for it."""
        return "NUMBER"


class Number(click.FloatRange):
    """A number within bounds."""

    name = "number"

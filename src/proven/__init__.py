"""A node that runs TypeScript backends inside trusted execution environments that anyone can check."""

__version__ = "0.1.0"

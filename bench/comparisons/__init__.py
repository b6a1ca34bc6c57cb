"""The comparisons, in the order in which they are taken and reported."""

from comparisons import http

COMPARISONS = (http.COMPARISON,)

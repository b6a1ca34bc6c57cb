"""The comparisons, in the order in which they are taken and reported."""

from comparisons import http, scopes

COMPARISONS = (http.COMPARISON, scopes.COMPARISON)

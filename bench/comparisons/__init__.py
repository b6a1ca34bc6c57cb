"""The comparisons, in the order in which they are taken and reported."""

from comparisons import calls, http, scopes

COMPARISONS = (calls.COMPARISON, http.COMPARISON, scopes.COMPARISON)

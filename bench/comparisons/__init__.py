"""The comparisons, in the order in which they are taken and reported."""

from comparisons import browser, calls, cold, deploy, explorer, fanout, fold, http, log, rpc, scopes, start

COMPARISONS = (
    calls.COMPARISON,
    rpc.COMPARISON,
    http.COMPARISON,
    fanout.COMPARISON,
    browser.COMPARISON,
    cold.COMPARISON,
    start.COMPARISON,
    deploy.COMPARISON,
    scopes.COMPARISON,
    log.COMPARISON,
    explorer.COMPARISON,
    fold.COMPARISON,
)

"""Composition: configuration, boot order, supervision and health of one node.

Nothing else constructs services. `local` runs a node, `config` is what can be set about one, `presence` lets
command lines find those that run. Nothing is exported here, so that a command line that only looks for a node
does not import a whole one.
"""

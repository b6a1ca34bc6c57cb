"""Composition: configuration, boot order, supervision and health of one node.

Nothing else constructs services.
"""

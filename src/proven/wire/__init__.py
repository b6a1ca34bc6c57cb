"""The bytes that cross a boundary: deterministic CBOR, COSE, values, ids, sealed sessions and error codes."""

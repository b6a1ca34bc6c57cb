"""V8 isolates for tenant code: a pool of sandboxed Deno processes behind one small interface."""

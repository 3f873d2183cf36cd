"""The assets, layer by layer: each reads, calls a plain function, writes and says what came of it."""

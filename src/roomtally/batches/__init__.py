"""The aggregate: a batch, its photos, its items, its events, its progress."""

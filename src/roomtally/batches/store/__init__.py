"""The SQL of batches. Every change of a batch is one statement: see `moves`."""

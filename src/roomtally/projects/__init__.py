"""A project is one move: its batches together."""

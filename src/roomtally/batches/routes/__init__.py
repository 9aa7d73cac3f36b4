"""Batches, uploads, photos and streams over HTTP."""

"""`make bench-stream`: the figures of the stream, beside nchan and sse-starlette in the same run on the same cores."""

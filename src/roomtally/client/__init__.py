"""The command line's other side: a client of the REST API and of the stream, as any script could be one."""

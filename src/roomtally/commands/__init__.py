"""The command line: one function a command; what it does lives in the rooms below."""

"""The rows of accounts: one statement a function, on a connection that the caller brings."""

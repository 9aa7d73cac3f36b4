"""Who: users, their sessions in a browser, their tokens for scripts, their roles."""

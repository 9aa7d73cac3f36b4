"""What every HTTP answer shares: problem documents, bodies and their limits, origin checks, the record of each request."""

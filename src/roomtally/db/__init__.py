"""PostgreSQL (pool, migrations, idempotency keys) and the guarded way to Valkey."""

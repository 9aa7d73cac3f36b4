"""PostgreSQL and Valkey from their wheels, and the processes of `roomtally up`."""

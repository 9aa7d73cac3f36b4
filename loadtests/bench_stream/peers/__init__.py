"""The servers that the service is compared with. Both do less: no login, no database, a constant first event or none."""

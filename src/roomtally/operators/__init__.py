"""What people who run the service look at: open streams, and later queues. Each process tells of itself."""

"""What people who run the service look at: open streams of all web processes, and later queues."""

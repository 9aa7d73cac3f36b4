"""What the service tells about itself: logs, traces, metrics, and the private port that shows them."""

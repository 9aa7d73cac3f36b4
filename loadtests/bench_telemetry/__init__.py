"""What telemetry costs: the CPU of the same work with it, without it, and with traces sent away."""

"""Where work runs: durable jobs, the processes that do them, and the processes that answer for running models."""

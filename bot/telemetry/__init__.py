"""Events as OpenTelemetry's traces and metrics: an observer beside the log, which the engine knows nothing of."""

"""The store: what survives (DESIGN section 8). The only place that knows SQL."""

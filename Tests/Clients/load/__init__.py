"""Load on the authorization server: what it costs, and what it does under a flood of log-ins."""

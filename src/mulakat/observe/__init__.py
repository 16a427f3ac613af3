"""What an operator sees: logs now, and the ids that tie a job to its request."""

"""What outlives a process: the answers' rows, their queue, and the spool of recordings."""

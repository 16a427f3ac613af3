"""Claims answers and runs the pipeline on them, in a process that may die at any point."""

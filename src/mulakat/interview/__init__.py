"""Interviews: the question bank, states and moves, the next question, report and progress."""

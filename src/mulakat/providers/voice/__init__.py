"""The interviewer's voice: a question's text to sound, in a process of its own."""

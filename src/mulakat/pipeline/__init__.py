"""What happens to one answer: decode, transcribe, delivery, evaluate, report."""

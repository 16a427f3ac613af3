"""Speech to text by providers elsewhere."""

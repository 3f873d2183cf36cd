"""What is demanded of every row, whatever its source, and the verdict on every load."""

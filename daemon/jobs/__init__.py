"""What is done once a day: reports and copies, made beside trading and never by it."""

"""What people are told: the shapes of every answer, and the lines of what was recorded."""

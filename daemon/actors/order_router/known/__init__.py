"""What a router knows of its account: folds of what it recorded and was told."""

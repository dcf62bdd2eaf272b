"""The exchange on paper: its own rules, its own book, its own file."""

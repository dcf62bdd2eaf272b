"""Orders: their words and states, the book, the gate, the ladder, every closing."""

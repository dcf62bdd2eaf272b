"""What is true or decided: pure, exact, without clock, chance or I/O."""

"""What watches while a daemon runs: the beat, the latches and arms, the address, the books."""

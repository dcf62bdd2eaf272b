"""Risk: profit and loss, stops, targets, floors, and whether a position is guarded."""

"""What the actors ask of the outside, as protocols."""

"""The judge of a run, and what he goes by: two witnesses, and how each thing ought to have gone."""

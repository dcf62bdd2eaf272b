"""Plans: the declarative strategy, validated, and its way from plan to legs."""

"""Tables beside the chain, for people and programs to query: how they are declared, made, kept."""

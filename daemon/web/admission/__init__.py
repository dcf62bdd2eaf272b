"""Who is let in: from where, by which token or session, how often, and on which line."""

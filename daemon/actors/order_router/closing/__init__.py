"""How exits are worked: the closing machine, the kill, and whatever nobody wants to hold."""
